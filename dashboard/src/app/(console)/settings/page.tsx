"use client";
import { useState } from "react";
import { useMay } from "@/data/tenant";
import { type TenantSettings, useChangeTenantSettings, useTenantSettings } from "@/data/tenantSettings";
import { useUnsavedChanges } from "@/session/unsaved";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Form, TextField } from "@/ui/form";
import { Card, Facts, PageHeader } from "@/ui/layout";
import { fieldErrors, InlineError, Loaded, RowsSkeleton } from "@/ui/states";
import { useToast } from "@/ui/Toasts";
import styles from "./settings.module.css";

export default function SettingsPage() {
  const t = useText();
  const settings = useTenantSettings();
  const change = useChangeTenantSettings();
  const mayChange = useMay("owner");
  return (
    <>
      <PageHeader title={t("settings.title")} intro={t("settings.intro")} />
      <Loaded query={settings} skeleton={<RowsSkeleton />}>
        {(current) => (
          <Card className={styles["card"]}>
            {/* Anew with each version: what somebody else changed is not shown as if it were typed here. */}
            {mayChange ? (
              <SettingsForm key={current.etag} current={current} change={change} />
            ) : (
              <SettingsFacts current={current} />
            )}
          </Card>
        )}
      </Loaded>
    </>
  );
}

function SettingsFacts({ current }: { current: TenantSettings }) {
  const t = useText();
  const format = useFormat();
  return (
    <>
      <Facts
        items={[
          [t("settings.name"), current.name],
          [t("settings.fallbackNumber"), current.fallback_number ?? "–"],
          [t("settings.retention"), format.number(current.retention_days)],
          [t("settings.limit"), format.number(current.max_concurrent_calls)],
        ]}
      />
      <p className={styles["hint"]}>{t("settings.ownersOnly")}</p>
    </>
  );
}

interface SettingsFormProps {
  current: TenantSettings;
  /** Of the page, since why a change was refused is to be read beside the version that was the reason. */
  change: ReturnType<typeof useChangeTenantSettings>;
}

function SettingsForm({ current, change }: SettingsFormProps) {
  const t = useText();
  const format = useFormat();
  const toast = useToast();
  const [name, setName] = useState(current.name);
  const [fallback, setFallback] = useState(current.fallback_number ?? "");
  const [days, setDays] = useState(current.retention_days);
  const dirty =
    name !== current.name || fallback !== (current.fallback_number ?? "") || days !== current.retention_days;
  useUnsavedChanges(dirty, t("common.unsavedQuestion"));
  const fields = fieldErrors(change.error, t);
  const submit = () =>
    change.mutateAsync({ etag: current.etag, name, fallback_number: fallback || null, retention_days: days }).then(
      // Not by `onSuccess`, which is not called any more once the new version has a form of its own.
      () => toast(t("settings.saved")),
      () => undefined, // shown as `change.error`
    );
  return (
    <Form onSubmit={() => !change.isPending && void submit()}>
      <TextField
        label={t("settings.name")}
        error={fields["name"]}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={80}
        required
      />
      <TextField
        label={t("settings.fallbackNumber")}
        hint={t("settings.fallbackNumberHint")}
        type="tel"
        pattern="\+[1-9][0-9]{6,14}"
        error={fields["fallback_number"]}
        value={fallback}
        onChange={(event) => setFallback(event.target.value)}
      />
      <TextField
        label={t("settings.retention")}
        hint={t("settings.retentionHint")}
        type="number"
        min={1}
        max={3650}
        error={fields["retention_days"]}
        value={Number.isNaN(days) ? "" : days}
        onChange={(event) => setDays(event.target.valueAsNumber)}
        required
      />
      <Facts items={[[t("settings.limit"), format.number(current.max_concurrent_calls)]]} />
      <p className={styles["hint"]}>{t("settings.limitHint")}</p>
      <InlineError error={change.error} />
      <div>
        <Button type="submit" look="primary" busy={change.isPending} disabled={!dirty}>
          {t("common.save")}
        </Button>
      </div>
      <p className={styles["hint"]}>{t("settings.deletion")}</p>
    </Form>
  );
}

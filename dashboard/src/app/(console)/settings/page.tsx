"use client";
import { useMay } from "@/data/tenant";
import {
  type SettingsDraft,
  type TenantSettings,
  useChangeTenantSettings,
  useTenantSettings,
} from "@/data/tenantSettings";
import { useDraft } from "@/data/useDraft";
import { useUnsavedChanges } from "@/session/unsaved";
import type { TextKey } from "@/texts/catalogue";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Form, PhoneField, TextField } from "@/ui/form";
import { Card, Facts, PageHeader } from "@/ui/layout";
import { fieldErrors, InlineError, Loaded, RowsSkeleton } from "@/ui/states";
import { useToast } from "@/ui/Toasts";
import { VersionsDialog } from "@/ui/VersionsDialog";
import styles from "./settings.module.css";

export default function SettingsPage() {
  const t = useText();
  const settings = useTenantSettings();
  const mayChange = useMay("owner");
  return (
    <>
      <PageHeader title={t("settings.title")} intro={t("settings.intro")} />
      <Loaded query={settings} skeleton={<RowsSkeleton />}>
        {(current) => (
          <Card className={styles["card"]}>
            {mayChange ? (
              <SettingsForm
                current={current}
                reload={async () => (await settings.refetch({ throwOnError: true })).data}
              />
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

const TITLES = {
  name: "settings.name",
  fallback_number: "settings.fallbackNumber",
  retention_days: "settings.retention",
} as const satisfies Record<keyof SettingsDraft, TextKey>;

interface SettingsFormProps {
  current: TenantSettings;
  reload: () => Promise<TenantSettings | undefined>;
}

const draftOf = ({ name, fallback_number, retention_days }: TenantSettings): SettingsDraft => ({
  name,
  fallback_number,
  retention_days,
});

function SettingsForm({ current, reload }: SettingsFormProps) {
  const t = useText();
  const format = useFormat();
  const toast = useToast();
  const change = useChangeTenantSettings();
  const onSaved = () => toast(t("settings.saved"));
  const { draft, set, ...edited } = useDraft({ current, reload, draftOf, change, onSaved });
  useUnsavedChanges(edited.dirty, t("common.unsavedQuestion"));
  const fields = fieldErrors(edited.error, t);
  return (
    <>
      <Form onSubmit={() => !edited.busy && edited.save()}>
        <TextField
          label={t("settings.name")}
          error={fields["name"]}
          value={draft.name}
          onChange={(event) => set({ name: event.target.value })}
          maxLength={80}
          required
        />
        <PhoneField
          label={t("settings.fallbackNumber")}
          hint={t("settings.fallbackNumberHint")}
          pattern="\+[1-9][0-9]{6,14}"
          error={fields["fallback_number"]}
          value={draft.fallback_number ?? ""}
          onChange={(number) => set({ fallback_number: number || null })}
        />
        <TextField
          label={t("settings.retention")}
          hint={t("settings.retentionHint")}
          type="number"
          min={1}
          max={3650}
          error={fields["retention_days"]}
          value={Number.isNaN(draft.retention_days) ? "" : draft.retention_days}
          onChange={(event) => set({ retention_days: event.target.valueAsNumber })}
          required
        />
        <Facts items={[[t("settings.limit"), format.number(current.max_concurrent_calls)]]} />
        <p className={styles["hint"]}>{t("settings.limitHint")}</p>
        <InlineError error={edited.theirs ? null : edited.error} />
        <div className={styles["actions"]}>
          {edited.dirty && <Button onClick={edited.discard}>{t("common.cancel")}</Button>}
          <Button type="submit" look="primary" busy={edited.busy} disabled={!edited.dirty}>
            {t("common.save")}
          </Button>
        </div>
        <p className={styles["hint"]}>{t("settings.deletion")}</p>
      </Form>
      {edited.theirs && (
        <VersionsDialog
          key={edited.theirs.etag}
          title={t("settings.conflictTitle")}
          base={draftOf(edited.base)}
          mine={draft}
          theirs={draftOf(edited.theirs)}
          titleOf={(field) => t(TITLES[field])}
          textOf={(_, value) => (typeof value === "number" ? format.number(value) : (value ?? "–"))}
          onSettle={edited.settle}
          onClose={edited.putAside}
        />
      )}
    </>
  );
}

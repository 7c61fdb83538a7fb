"use client";
import { useState } from "react";
import { type ApiKey, type Scope, SCOPES, useCreateApiKey, useRevokeApiKey } from "@/data/apiKeys";
import { useIdempotencyKey } from "@/data/hooks";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Dialog, DialogActions, FormDialog } from "@/ui/Dialog";
import { Checkbox, TextField } from "@/ui/form";
import { ShownOnce } from "@/ui/ShownOnce";
import { fieldErrors } from "@/ui/states";
import styles from "./keys.module.css";

const DEFAULT_DAYS = 90;
const MOST_DAYS = 365;

export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const create = useCreateApiKey();
  const { key } = useIdempotencyKey();
  const [name, setName] = useState("");
  const [days, setDays] = useState(DEFAULT_DAYS);
  const [scopes, setScopes] = useState<Scope[]>([]);
  const made = create.data;
  if (made?.key) {
    return (
      <ShownOnce
        title={t("apiKeys.shownTitle", { name: made.name })}
        text={t("apiKeys.shownText")}
        label={t("apiKeys.key")}
        value={made.key}
        onClose={onClose}
      />
    );
  }
  if (made) {
    return (
      <Dialog title={t("apiKeys.createTitle")} text={t("apiKeys.repeated")} onClose={onClose}>
        <DialogActions>
          <Button onClick={onClose}>{t("common.close")}</Button>
        </DialogActions>
      </Dialog>
    );
  }
  const fields = fieldErrors(create.error, t);
  return (
    <FormDialog
      title={t("apiKeys.createTitle")}
      text={t("apiKeys.createText")}
      action={t("apiKeys.create")}
      dirty={Boolean(name) || scopes.length > 0}
      busy={create.isPending}
      error={create.error}
      // What is under way brings a key that is shown this once, and here alone.
      onClose={create.isPending ? undefined : onClose}
      onSubmit={() => create.mutateAsync({ name, scopes, expires_in_days: days, key: key() }).then(() => undefined)}
    >
      <TextField
        label={t("apiKeys.name")}
        hint={t("apiKeys.nameHint")}
        error={fields["name"]}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={80}
        required
      />
      <fieldset className={styles["scopes"]}>
        <legend>{t("apiKeys.scopes")}</legend>
        <p className={styles["hint"]}>{t("apiKeys.scopesHint")}</p>
        {SCOPES.map((scope, index) => (
          <Checkbox
            key={scope}
            label={scope}
            checked={scopes.includes(scope)}
            // The browser asks for the first one while there is none.
            required={index === 0 && scopes.length === 0}
            error={index === 0 && fields["scopes"] ? t("apiKeys.scopesMissing") : undefined}
            onChange={(event) =>
              setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))
            }
          />
        ))}
      </fieldset>
      <TextField
        label={t("apiKeys.days")}
        type="number"
        min={1}
        max={MOST_DAYS}
        error={fields["expires_in_days"]}
        value={days}
        onChange={(event) => setDays(event.target.valueAsNumber)}
        required
      />
    </FormDialog>
  );
}

export function RevokeKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const t = useText();
  const revoke = useRevokeApiKey();
  const { name } = apiKey;
  const submit = () => revoke.mutateAsync(apiKey).then(() => t("apiKeys.revoked", { name }));
  return (
    <FormDialog
      title={t("apiKeys.revokeTitle", { name })}
      text={t("apiKeys.revokeText")}
      action={t("apiKeys.revoke")}
      danger
      busy={revoke.isPending}
      error={revoke.error}
      onClose={onClose}
      onSubmit={submit}
    />
  );
}

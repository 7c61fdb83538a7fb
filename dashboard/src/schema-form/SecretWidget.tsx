/**
 * A secret: it can be set, replaced and removed, never read. The form's value is undefined for “as it is”, a text
 * for a new one, null for “take it away”.
 */
import { useState } from "react";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/form";
import { common, type Props } from "./common";
import styles from "./form.module.css";

export function SecretWidget(props: Props) {
  const t = useText();
  const { value, onChange } = props;
  const stored = props.registry.formContext?.secrets[props.name];
  const [replacing, setReplacing] = useState(typeof value === "string");
  const { label, hint, error, disabled, ...rest } = common(props);
  if (!stored?.set || replacing || typeof value === "string") {
    return (
      <div className={styles["secret"]}>
        <TextField
          {...rest}
          label={label}
          hint={hint}
          error={error}
          disabled={disabled}
          required={rest.required || Boolean(stored?.set)}
          type="password"
          autoComplete="new-password"
          autoFocus={replacing && value === undefined}
          value={typeof value === "string" ? value : ""}
          onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}
        />
        {stored?.set && (
          <Button
            onClick={() => {
              setReplacing(false);
              onChange(undefined);
            }}
          >
            {t("form.secretKeep")}
          </Button>
        )}
      </div>
    );
  }
  const mayRemove = props.options["removable"] === true;
  return (
    <div className={styles["group"]} role="group" aria-label={label}>
      <span className={styles["label"]}>{label}</span>
      {hint && <span className={styles["hint"]}>{hint}</span>}
      <div className={styles["secret"]}>
        <span>{value === null ? t("form.secretRemoved") : <SetSince since={stored.since} />}</span>
        {!disabled && (
          <>
            <Button onClick={() => setReplacing(true)}>{t("form.secretReplace")}</Button>
            {value === null ? (
              <Button onClick={() => onChange(undefined)}>{t("form.secretKeep")}</Button>
            ) : (
              mayRemove && <Button onClick={() => onChange(null)}>{t("form.secretRemove")}</Button>
            )}
          </>
        )}
      </div>
      {error && <span className={styles["error"]}>{error}</span>}
    </div>
  );
}

function SetSince({ since }: { since: string | null }) {
  const t = useText();
  const format = useFormat();
  return since ? t("form.secretSince", { since: format.dateTime(since) }) : t("form.secretSet");
}

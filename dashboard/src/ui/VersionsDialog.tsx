"use client";
/** Two versions of the same thing side by side, and for each part in which they differ, which one stays. */
import { useId, useState } from "react";
import { differingFields, type Field } from "@/data/useDraft";
import { useText } from "@/texts/TextProvider";
import { Button } from "./Button";
import { Dialog, DialogActions } from "./Dialog";
import { Form } from "./form";
import styles from "./VersionsDialog.module.css";

interface VersionsDialogProps<Draft extends object> {
  /** What was changed by two people. */
  title: string;
  /** What both started from. */
  base: Draft;
  mine: Draft;
  theirs: Draft;
  /** Those that are decided here, in the order in which people read about them; without it, all. */
  fields?: readonly Field<Draft>[] | undefined;
  titleOf: (field: Field<Draft>) => string;
  /** A field's value, in words. */
  textOf: (field: Field<Draft>, value: Draft[Field<Draft>]) => string;
  /** With the fields of which mine stay. */
  onSettle: (mine: Field<Draft>[]) => void;
  /** Back to the form, which is as it was. */
  onClose: () => void;
}

export function VersionsDialog<Draft extends object>({
  title,
  base,
  mine,
  theirs,
  fields,
  titleOf,
  textOf,
  onSettle,
  onClose,
}: VersionsDialogProps<Draft>) {
  const t = useText();
  const differing = differingFields(mine, theirs, fields);
  // Of those that I changed mine stay, unless somebody chooses otherwise.
  const [kept, setKept] = useState(() => differingFields(base, mine, differing));
  const choose = (field: Field<Draft>, isMine: boolean) =>
    setKept((all) => (isMine ? [...all, field] : all.filter((one) => one !== field)));
  return (
    <Dialog title={title} text={t("versions.text")} onClose={onClose}>
      <Form onSubmit={() => onSettle(kept)}>
        {differing.length === 0 && <p>{t("versions.same")}</p>}
        {differing.length > 1 && (
          <div className={styles["all"]}>
            <Button onClick={() => setKept(differing)}>{t("versions.allMine")}</Button>
            <Button onClick={() => setKept([])}>{t("versions.allTheirs")}</Button>
          </div>
        )}
        {differing.map((field) => (
          <Choice
            key={field}
            title={titleOf(field)}
            mine={textOf(field, mine[field])}
            theirs={textOf(field, theirs[field])}
            isMine={kept.includes(field)}
            onChoose={(isMine) => choose(field, isMine)}
          />
        ))}
        <DialogActions>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary">
            {t("versions.keepChosen")}
          </Button>
        </DialogActions>
      </Form>
    </Dialog>
  );
}

interface ChoiceProps {
  title: string;
  mine: string;
  theirs: string;
  isMine: boolean;
  onChoose: (isMine: boolean) => void;
}

function Choice({ title, mine, theirs, isMine, onChoose }: ChoiceProps) {
  const t = useText();
  const group = useId();
  const versions = [
    { label: t("versions.mine"), value: mine, chosen: isMine },
    { label: t("versions.theirs"), value: theirs, chosen: !isMine },
  ];
  return (
    <fieldset className={styles["choice"]}>
      <legend>{title}</legend>
      {versions.map(({ label, value, chosen }, index) => (
        <label key={label} className={styles["version"]}>
          <input type="radio" name={group} checked={chosen} onChange={() => onChoose(index === 0)} />
          <span>
            <strong>{label}</strong>
            <span className={styles["value"]}>{value}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

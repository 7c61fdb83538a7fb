"use client";
/** Two versions of the same thing side by side, and for each part in which they differ, which one stays. */
import { useId, useState } from "react";
import { useText } from "@/texts/TextProvider";
import { Button } from "./Button";
import { Dialog, DialogActions } from "./Dialog";
import { Form } from "./form";
import styles from "./VersionsDialog.module.css";

export interface Difference {
  name: string;
  title: string;
  mine: string;
  theirs: string;
}

interface VersionsDialogProps {
  /** What was changed by two people. */
  title: string;
  differences: readonly Difference[];
  /** Names of those that I changed: of these, mine stay unless somebody chooses otherwise. */
  changedByMe: readonly string[];
  /** With the names of those of which mine stay. */
  onSettle: (mine: readonly string[]) => void;
  /** Back to the form, which is as it was. */
  onClose: () => void;
}

export function VersionsDialog({ title, differences, changedByMe, onSettle, onClose }: VersionsDialogProps) {
  const t = useText();
  const names = differences.map(({ name }) => name);
  const [mine, setMine] = useState(names.filter((name) => changedByMe.includes(name)));
  const choose = (name: string, isMine: boolean) =>
    setMine((all) => (isMine ? [...all.filter((one) => one !== name), name] : all.filter((one) => one !== name)));
  return (
    <Dialog title={title} text={t("versions.text")} onClose={onClose}>
      <Form onSubmit={() => onSettle(mine)}>
        {differences.length === 0 && <p>{t("versions.same")}</p>}
        {differences.length > 1 && (
          <div className={styles["all"]}>
            <Button onClick={() => setMine(names)}>{t("versions.allMine")}</Button>
            <Button onClick={() => setMine([])}>{t("versions.allTheirs")}</Button>
          </div>
        )}
        {differences.map((difference) => (
          <Choice
            key={difference.name}
            difference={difference}
            isMine={mine.includes(difference.name)}
            onChoose={(isMine) => choose(difference.name, isMine)}
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
  difference: Difference;
  isMine: boolean;
  onChoose: (isMine: boolean) => void;
}

function Choice({ difference: { title, mine, theirs }, isMine, onChoose }: ChoiceProps) {
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

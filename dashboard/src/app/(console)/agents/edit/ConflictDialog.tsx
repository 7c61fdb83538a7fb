"use client";
import { useId, useState } from "react";
import { type AgentDraft, type AgentField, changesOf, differingFields, draftOf, pick } from "@/agents/draft";
import { useFieldText } from "@/agents/fieldText";
import type { Agent } from "@/data/agents";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Dialog, DialogActions } from "@/ui/Dialog";
import { Form } from "@/ui/form";
import styles from "./ConflictDialog.module.css";

interface ConflictDialogProps {
  /** What both started from. */
  base: Agent;
  mine: AgentDraft;
  theirs: Agent;
  onSettle: (chosen: AgentDraft) => void;
  /** Back to the form, which is as it was. */
  onClose: () => void;
}

/** Two versions of an agent side by side, and for each field in which they differ, which one stays. */
export function ConflictDialog({ base, mine, theirs, onSettle, onClose }: ConflictDialogProps) {
  const t = useText();
  const other = draftOf(theirs);
  const fields = differingFields(mine, other);
  const changedByMe = Object.keys(changesOf(draftOf(base), mine)) as AgentField[];
  const [kept, setKept] = useState<AgentField[]>(fields.filter((field) => changedByMe.includes(field)));
  const choose = (field: AgentField, isMine: boolean) =>
    setKept((all) => (isMine ? [...all.filter((one) => one !== field), field] : all.filter((one) => one !== field)));
  return (
    <Dialog title={t("agentEditor.conflictTitle")} text={t("agentEditor.conflictText")} onClose={onClose}>
      <Form onSubmit={() => onSettle({ ...other, ...pick(mine, kept) })}>
        {fields.length === 0 && <p>{t("agentEditor.conflictSame")}</p>}
        {fields.length > 1 && (
          <div className={styles["all"]}>
            <Button onClick={() => setKept(fields)}>{t("agentEditor.allMine")}</Button>
            <Button onClick={() => setKept([])}>{t("agentEditor.allTheirs")}</Button>
          </div>
        )}
        {fields.map((field) => (
          <Choice
            key={field}
            field={field}
            mine={mine[field]}
            theirs={other[field]}
            isMine={kept.includes(field)}
            onChoose={(isMine) => choose(field, isMine)}
          />
        ))}
        <DialogActions>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary">
            {t("agentEditor.keepChosen")}
          </Button>
        </DialogActions>
      </Form>
    </Dialog>
  );
}

interface ChoiceProps {
  field: AgentField;
  mine: unknown;
  theirs: unknown;
  isMine: boolean;
  onChoose: (isMine: boolean) => void;
}

function Choice({ field, mine, theirs, isMine, onChoose }: ChoiceProps) {
  const t = useText();
  const text = useFieldText();
  const name = useId();
  const versions = [
    { label: t("agentEditor.mine"), value: mine, chosen: isMine },
    { label: t("agentEditor.theirs"), value: theirs, chosen: !isMine },
  ];
  return (
    <fieldset className={styles["choice"]}>
      <legend>{t(`agentFields.${field}`)}</legend>
      {versions.map(({ label, value, chosen }, index) => (
        <label key={label} className={styles["version"]}>
          <input type="radio" name={name} checked={chosen} onChange={() => onChoose(index === 0)} />
          <span>
            <strong>{label}</strong>
            <span className={styles["value"]}>{text(field, value)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

"use client";
import { useState } from "react";
import { useLocale, useText } from "@/texts/TextProvider";
import { WEEKDAYS, weekdayName } from "@/texts/weekdays";
import { Button } from "@/ui/Button";
import { Dialog, DialogActions } from "@/ui/Dialog";
import { Checkbox } from "@/ui/form";
import styles from "./HoursEditor.module.css";
import { WORKING_DAYS } from "./hours";

interface CopyDayDialogProps {
  weekday: number;
  onClose: () => void;
  onCopy: (days: number[]) => void;
}

/** Stands inside of a form, so it has none of its own. */
export function CopyDayDialog({ weekday, onClose, onCopy }: CopyDayDialogProps) {
  const t = useText();
  const locale = useLocale();
  const others = WEEKDAYS.filter((day) => day !== weekday);
  const [days, setDays] = useState<number[]>(others.filter((day) => WORKING_DAYS.includes(day)));
  const toggle = (day: number, chosen: boolean) =>
    setDays((all) => (chosen ? [...all, day] : all.filter((one) => one !== day)));
  const title = t("agentEditor.copyDayTitle", { day: weekdayName(weekday, locale) });
  return (
    <Dialog title={title} text={t("agentEditor.copyDayText")} onClose={onClose}>
      <div className={styles["days"]}>
        {others.map((day) => (
          <Checkbox
            key={day}
            form="" // of no form: Enter here does not save the agent
            label={weekdayName(day, locale)}
            checked={days.includes(day)}
            onChange={(event) => toggle(day, event.target.checked)}
          />
        ))}
      </div>
      <DialogActions>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button look="primary" onClick={() => onCopy(days)}>
          {t("agentEditor.copy")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

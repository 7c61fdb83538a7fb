"use client";
/** Opening hours by day of the week; a day can be copied to others. */
import { Copy, Plus, X } from "lucide-react";
import { useState } from "react";
import { useLocale, useText } from "@/texts/TextProvider";
import { WEEKDAYS, weekdayName } from "@/texts/weekdays";
import { IconButton } from "@/ui/Button";
import { Checkbox, ClockInput } from "@/ui/form";
import { CopyDayDialog } from "./CopyDayDialog";
import styles from "./HoursEditor.module.css";
import { copiedDay, nextSpan, OFFICE_HOURS, type Span, type SpanProblem, spanProblems } from "./hours";

interface HoursEditorProps {
  /** null: around the clock */
  hours: Span[] | null;
  onChange: (hours: Span[] | null) => void;
  /** What the API said about them. */
  error?: string | undefined;
}

export function HoursEditor({ hours, onChange, error }: HoursEditorProps) {
  const t = useText();
  // What was there before “around the clock” comes back when it is taken away again.
  const [before, setBefore] = useState<Span[]>(hours ?? OFFICE_HOURS);
  const [copying, setCopying] = useState<number>();
  const toggle = (always: boolean) => {
    if (hours) setBefore(hours);
    onChange(always ? null : before);
  };
  return (
    <div className={styles["hours"]}>
      <Checkbox
        label={t("agentEditor.hoursAlways")}
        checked={hours === null}
        onChange={(event) => toggle(event.target.checked)}
      />
      {hours && (
        <>
          <p className={styles["hint"]}>{t("agentEditor.hoursHint")}</p>
          <ul className={styles["week"]}>
            {WEEKDAYS.map((weekday) => (
              <Day key={weekday} weekday={weekday} hours={hours} onChange={onChange} onCopy={() => setCopying(weekday)} />
            ))}
          </ul>
        </>
      )}
      {error && <p className={styles["problem"]}>{error}</p>}
      {hours && copying !== undefined && (
        <CopyDayDialog
          weekday={copying}
          onClose={() => setCopying(undefined)}
          onCopy={(days) => {
            onChange(copiedDay(hours, copying, days));
            setCopying(undefined);
          }}
        />
      )}
    </div>
  );
}

interface DayProps {
  weekday: number;
  hours: Span[];
  onChange: (hours: Span[]) => void;
  onCopy: () => void;
}

function Day({ weekday, hours, onChange, onCopy }: DayProps) {
  const t = useText();
  const day = weekdayName(weekday, useLocale());
  const problems = spanProblems(hours);
  const spans = hours.map((span, index) => ({ span, index })).filter(({ span }) => span.weekday === weekday);
  const set = (index: number, changed: Partial<Span>) =>
    onChange(hours.map((span, place) => (place === index ? { ...span, ...changed } : span)));
  return (
    <li className={styles["day"]}>
      <span className={styles["name"]}>{day}</span>
      <div className={styles["spans"]}>
        {spans.length === 0 && <span className={styles["hint"]}>{t("agentEditor.closed")}</span>}
        {spans.map(({ span, index }) => (
          <SpanFields
            key={index}
            day={day}
            span={span}
            problem={problems.get(index)}
            onChange={(changed) => set(index, changed)}
            onRemove={() => onChange(hours.filter((_, place) => place !== index))}
          />
        ))}
      </div>
      <div className={styles["actions"]}>
        <IconButton
          label={t("agentEditor.addSpan", { day })}
          onClick={() => onChange([...hours, nextSpan(hours, weekday)])}
        >
          <Plus aria-hidden />
        </IconButton>
        <IconButton label={t("agentEditor.copyDay", { day })} onClick={onCopy}>
          <Copy aria-hidden />
        </IconButton>
      </div>
    </li>
  );
}

interface SpanFieldsProps {
  day: string;
  span: Span;
  problem: SpanProblem | undefined;
  onChange: (changed: Partial<Span>) => void;
  onRemove: () => void;
}

function SpanFields({ day, span, problem, onChange, onRemove }: SpanFieldsProps) {
  const t = useText();
  const { opens, closes } = span;
  return (
    <div>
      <div className={styles["span"]}>
        <ClockInput
          className={styles["time"]}
          aria-label={t("agentEditor.opens", { day })}
          aria-invalid={problem ? true : undefined}
          value={opens}
          required
          onChange={(clock) => onChange({ opens: clock })}
        />
        <span aria-hidden>–</span>
        <ClockInput
          endsDay
          className={styles["time"]}
          aria-label={t("agentEditor.closes", { day })}
          aria-invalid={problem ? true : undefined}
          value={closes}
          required
          onChange={(clock) => onChange({ closes: clock })}
        />
        <IconButton label={t("agentEditor.removeSpan", { opens, closes, day })} onClick={onRemove}>
          <X aria-hidden />
        </IconButton>
      </div>
      {problem && (
        <p className={styles["problem"]} role="alert">
          {t(problem === "order" ? "agentEditor.spanOrder" : "agentEditor.spanOverlap")}
        </p>
      )}
    </div>
  );
}

"use client";
import { SlidersHorizontal } from "lucide-react";
import { useId, useState } from "react";
import type { Agent } from "@/data/agents";
import { CALL_STATES, OUTCOMES } from "@/data/calls";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Select, TextField } from "@/ui/form";
import { Toolbar } from "@/ui/layout";
import styles from "./calls.module.css";

export const FILTERS = ["agent", "state", "outcome", "caller", "since", "until"] as const;
type Values = Record<(typeof FILTERS)[number], string>;

/** As the API wants it; undefined: it is not a whole one yet. */
export function wholeNumber(entered: string): string | undefined {
  const number = entered.replace(/[\s()/.-]/g, "");
  return /^\+[1-9]\d{6,14}$/.test(number) ? number : undefined;
}

interface FilterBarProps {
  values: Values;
  agents: Agent[];
  onChange: (changed: Partial<Values>) => void;
  /** undefined: nothing is filtered. */
  onClear: (() => void) | undefined;
}

/** On a phone behind a button, which says how many are set: they would fill the screen before the first call. */
export function FilterBar({ values, agents, onChange, onClear }: FilterBarProps) {
  const t = useText();
  const id = useId();
  const [open, setOpen] = useState(false);
  const count = Object.values(values).filter(Boolean).length;
  const any = <option value="">{t("calls.any")}</option>;
  return (
    <Toolbar>
      <div className={styles["toggle"]}>
        <Button aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          <SlidersHorizontal aria-hidden />
          {count > 0 ? t("calls.filtersSet", { count }) : t("calls.filters")}
        </Button>
      </div>
      <div id={id} className={cx(styles["filters"], !open && styles["shut"])}>
        <Select label={t("calls.agent")} value={values.agent} onChange={(event) => onChange({ agent: event.target.value })}>
          {any}
          {agents.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
        <Select label={t("calls.state")} value={values.state} onChange={(event) => onChange({ state: event.target.value })}>
          {any}
          {CALL_STATES.map((state) => (
            <option key={state} value={state}>
              {t(`calls.${state}`)}
            </option>
          ))}
        </Select>
        <Select
          label={t("calls.outcome")}
          value={values.outcome}
          onChange={(event) => onChange({ outcome: event.target.value })}
        >
          {any}
          {OUTCOMES.map((outcome) => (
            <option key={outcome} value={outcome}>
              {t(`calls.${outcome}`)}
            </option>
          ))}
        </Select>
        <TextField
          label={t("calls.caller")}
          type="tel"
          placeholder="+14155550123"
          error={values.caller && !wholeNumber(values.caller) ? t("calls.callerWhole") : undefined}
          value={values.caller}
          onChange={(event) => onChange({ caller: event.target.value })}
          required
        />
        <TextField
          label={t("calls.since")}
          type="date"
          value={values.since}
          onChange={(event) => onChange({ since: event.target.value })}
          required
        />
        <TextField
          label={t("calls.until")}
          type="date"
          value={values.until}
          onChange={(event) => onChange({ until: event.target.value })}
          required
        />
        {onClear && (
          <Button className={styles["clear"]} onClick={onClear}>
            {t("calls.clear")}
          </Button>
        )}
      </div>
    </Toolbar>
  );
}

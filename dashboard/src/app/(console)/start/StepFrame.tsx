"use client";
import type { ReactNode } from "react";
import { useText } from "@/texts/TextProvider";
import styles from "./start.module.css";
import { StepList } from "./StepList";
import { type Done, type Step, STEPS } from "./steps";

interface StepFrameProps {
  current: Step;
  done: Done;
  agentId?: string;
  children: ReactNode;
}

/** Where somebody is on the path, the ways to its other steps, and the step itself. */
export function StepFrame({ current, done, agentId, children }: StepFrameProps) {
  const t = useText();
  const number = STEPS.indexOf(current) + 1;
  return (
    <>
      <StepList current={current} done={done} agentId={agentId} />
      <section className={styles["step"]} aria-labelledby="step-title">
        <p className={styles["muted"]}>{t("start.step", { number, count: STEPS.length })}</p>
        <h2 id="step-title">{t(`start.${current}`)}</h2>
        {children}
      </section>
    </>
  );
}

"use client";
import { Check } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import styles from "./start.module.css";
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
  const reachable = (step: Step) => agentId !== undefined || step === "business" || (step === "agent" && current === "agent");
  return (
    <>
      <nav aria-label={t("start.steps")} className={styles["steps"]}>
        <ol>
          {STEPS.map((step) => (
            <li key={step} className={done[step] ? styles["done"] : undefined}>
              {reachable(step) ? (
                <Link href={routes.start({ agent: agentId, step })} aria-current={step === current ? "step" : undefined}>
                  <StepName step={step} done={done[step]} />
                </Link>
              ) : (
                <span>
                  <StepName step={step} done={done[step]} />
                </span>
              )}
            </li>
          ))}
        </ol>
      </nav>
      <section className={styles["step"]} aria-labelledby="step-title">
        <p className={styles["muted"]}>{t("start.step", { number, count: STEPS.length })}</p>
        <h2 id="step-title">{t(`start.${current}`)}</h2>
        {children}
      </section>
    </>
  );
}

function StepName({ step, done }: { step: Step; done: boolean }) {
  const t = useText();
  return (
    <>
      {done && <Check aria-hidden size={16} />}
      {t(`start.${step}`)}
      {done && <span className="visually-hidden"> ({t("start.done")})</span>}
    </>
  );
}

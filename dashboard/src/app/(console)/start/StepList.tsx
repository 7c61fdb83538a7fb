import { Circle, CircleCheck } from "lucide-react";
import Link from "next/link";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import styles from "./start.module.css";
import { type Done, type Step, STEPS } from "./steps";

interface StepListProps {
  done: Done;
  /** undefined: seen from outside of the path. */
  current?: Step;
  /** undefined: it has not been made yet. */
  agentId?: string | undefined;
}

/** All steps of the path, each with whether it is done; those that can be gone to are links. */
export function StepList({ done, current, agentId }: StepListProps) {
  const t = useText();
  const reachable = (step: Step) => agentId !== undefined || step === "business" || (step === "agent" && done.business);
  return (
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
  );
}

function StepName({ step, done }: { step: Step; done: boolean }) {
  const t = useText();
  return (
    <>
      {/* As wide as each other: a step that turns out to be done moves nothing. */}
      {done ? <CircleCheck aria-hidden size={16} /> : <Circle aria-hidden size={16} />}
      {t(`start.${step}`)}
      {done && <span className="visually-hidden"> ({t("start.done")})</span>}
    </>
  );
}

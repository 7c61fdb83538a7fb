"use client";
import type { Agent } from "@/data/agents";
import type { Call } from "@/data/calls";
import { useAgentTools } from "@/data/tools";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { ButtonLink } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Card } from "@/ui/layout";
import styles from "./Overview.module.css";
import { StepList } from "./start/StepList";
import { doneOf, nextOpen } from "./start/steps";

interface SetUpProps {
  agent: Agent;
  /** undefined: not known yet. */
  calls: Call[] | undefined;
}

/** An agent that nobody can call yet: which steps to that are done, and the way on. */
export function SetUp({ agent, calls }: SetUpProps) {
  const t = useText();
  const tools = useAgentTools(agent.id).data?.tools;
  const wasHeard = calls?.some((call) => call.agent_id === agent.id && call.answered_at !== null) ?? false;
  const done = doneOf(tools ?? [], wasHeard, false);
  return (
    <Card className={cx(styles["part"], styles["wide"])}>
      <h2>{t("home.setUp", { agent: agent.name })}</h2>
      <p>{tools && calls ? t("home.setUpNext", { step: t(`start.${nextOpen(done)}`) }) : t("home.setUpText")}</p>
      <StepList done={done} agentId={agent.id} />
      <div>
        <ButtonLink href={routes.start({ agent: agent.id })} look="primary">
          {t("home.continue")}
        </ButtonLink>
      </div>
    </Card>
  );
}

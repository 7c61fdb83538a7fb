"use client";
import { lazy, Suspense } from "react";
import { ToolCard } from "@/app/(console)/agents/tools/ToolCard";
import type { Agent } from "@/data/agents";
import { type Call, useCalls } from "@/data/calls";
import { type PhoneNumber, useNumbers } from "@/data/numbers";
import { type Tool, useAgentTools } from "@/data/tools";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { ButtonLink } from "@/ui/Button";
import { CardGrid } from "@/ui/layout";
import { FormSkeleton, Loaded, RowsSkeleton } from "@/ui/states";
import { ConnectStep } from "./ConnectStep";
import { NumberStep } from "./NumberStep";
import styles from "./start.module.css";
import { StepFrame } from "./StepFrame";
import { doneOf, isStep, nextOpen, type Step, stepAfter } from "./steps";

// With LiveKit's client, which only this step needs.
const TestCall = lazy(async () => ({ default: (await import("@/testcall/TestCall")).TestCall }));

/** The steps that an agent is needed for. */
export function WithAgent({ agentId, step }: { agentId: string; step: string }) {
  const tools = useAgentTools(agentId);
  const numbers = useNumbers();
  const calls = useCalls({ agent_id: agentId });
  return (
    <Loaded query={tools} skeleton={<FormSkeleton />}>
      {({ agent, tools: all }) => (
        <Loaded query={numbers} skeleton={<FormSkeleton />}>
          {(found) => (
            <Loaded query={calls} skeleton={<FormSkeleton />}>
              {(had) => <Path agent={agent} tools={all} numbers={found} calls={had} step={step} />}
            </Loaded>
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

interface PathProps {
  agent: Agent;
  tools: Tool[];
  numbers: PhoneNumber[];
  calls: Call[];
  step: string;
}

function Path({ agent, tools, numbers, calls, step }: PathProps) {
  const wasHeard = calls.some(({ answered_at }) => answered_at !== null);
  const done = doneOf(tools, wasHeard, numbers.some(({ agent_id }) => agent_id === agent.id));
  const current = isStep(step) ? step : nextOpen(done);
  return (
    <StepFrame current={current} done={done} agentId={agent.id}>
      {/* The way on comes with what stands above it, so that it is not moved by that. */}
      <Suspense fallback={<RowsSkeleton />}>
        <StepContent agent={agent} tools={tools} numbers={numbers} step={current} wasHeard={wasHeard} />
        <Onward agentId={agent.id} step={current} done={done[current]} />
      </Suspense>
    </StepFrame>
  );
}

interface StepContentProps extends Omit<PathProps, "calls" | "step"> {
  step: Step;
  wasHeard: boolean;
}

function StepContent({ agent, tools, numbers, step, wasHeard }: StepContentProps) {
  const t = useText();
  switch (step) {
    case "business":
    case "agent":
      return (
        <>
          <p>{t("start.agentExists", { name: agent.name })}</p>
          <div>
            <ButtonLink href={routes.agent(agent.id)}>{t("start.edit", { name: agent.name })}</ButtonLink>
          </div>
        </>
      );
    case "tools":
      return (
        <>
          <p className={styles["muted"]}>{t("start.toolsText")}</p>
          <CardGrid label={t("start.tools")}>
            {tools.map((tool) => (
              <li key={tool.about.slug}>
                <ToolCard agentId={agent.id} tool={tool} />
              </li>
            ))}
          </CardGrid>
        </>
      );
    case "connect":
      return <ConnectStep agentId={agent.id} tools={tools.filter(({ own }) => own.enabled)} />;
    case "call":
      return (
        <>
          <p className={styles["muted"]}>
            {t(wasHeard ? "start.callDone" : "start.callText", { agent: agent.name })}
          </p>
          <TestCall agentId={agent.id} />
        </>
      );
    case "number":
      return <NumberStep agent={agent} numbers={numbers} />;
  }
}

function Onward({ agentId, step, done }: { agentId: string; step: Step; done: boolean }) {
  const t = useText();
  const last = stepAfter(step) === step;
  return (
    <div className={styles["actions"]}>
      {last ? (
        <ButtonLink href={routes.home()} look={done ? "primary" : "plain"}>
          {t("start.finish")}
        </ButtonLink>
      ) : (
        <ButtonLink href={routes.start({ agent: agentId, step: stepAfter(step) })} look={done ? "primary" : "plain"}>
          {t(done ? "start.next" : "start.skip")}
        </ButtonLink>
      )}
    </div>
  );
}

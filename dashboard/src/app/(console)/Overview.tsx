"use client";
import { CircleAlert, CircleCheck, CircleDot } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { useAgentName } from "@/agents/useAgentName";
import type { Agent } from "@/data/agents";
import type { Call, useCalls } from "@/data/calls";
import type { PhoneNumber } from "@/data/numbers";
import { useMay } from "@/data/tenant";
import { type Tool, useToolsOf } from "@/data/tools";
import { routes } from "@/routes";
import { useFormat } from "@/texts/format";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { Badge, Card } from "@/ui/layout";
import { InlineError, Loaded, RowsSkeleton, Skeleton } from "@/ui/states";
import { needsAccount } from "./agents/tools/toolState";
import styles from "./Overview.module.css";
import { SetUp } from "./SetUp";

/** Of each list; the pages of their own have all. */
const SHOWN = 6;
/** Agents whose tools are looked at: each is a request, and the API answers so many at once. */
const LOOKED_AT = 20;

interface OverviewProps {
  agents: Agent[];
  numbers: PhoneNumber[];
  calls: ReturnType<typeof useCalls>;
}

/** What is set up, what is missing, and who has called. */
export function Overview({ agents, numbers, calls }: OverviewProps) {
  const t = useText();
  const nameOf = useAgentName();
  const answered = numbers.filter(({ agent_id }) => agent_id !== null);
  const on = agents.filter(({ enabled }) => enabled).length;
  const mayEdit = useMay("editor");
  const [first] = agents;
  return (
    <div className={styles["overview"]}>
      {mayEdit && first && answered.length === 0 && <SetUp agent={first} calls={calls.data} />}
      <Missing agents={agents} numbers={numbers} />
      <Part title={t("home.agents")}>
        <p>{agents.length === 0 ? t("home.agentsNone") : t("home.agentsText", { count: agents.length, on })}</p>
        <ul>
          {agents.slice(0, SHOWN).map(({ id, name, enabled }) => (
            <li key={id}>
              <Link href={routes.agent(id)}>{name}</Link>
              <Badge tone={enabled ? "good" : "plain"}>{t(enabled ? "agents.on" : "agents.off")}</Badge>
            </li>
          ))}
        </ul>
        {agents.length > SHOWN && <Link href={routes.agents()}>{t("home.agentsAll")}</Link>}
      </Part>
      <Part title={t("home.numbers")}>
        {answered.length === 0 && <p>{t("home.numbersNone")}</p>}
        <ul>
          {answered.slice(0, SHOWN).map(({ number, agent_id }) => (
            <li key={number}>{t("home.answers", { number, agent: nameOf(agent_id ?? "") })}</li>
          ))}
        </ul>
        {answered.length > SHOWN && <Link href={routes.numbers()}>{t("home.numbersAll")}</Link>}
      </Part>
      <Part title={t("home.calls")}>
        <Loaded query={calls} skeleton={<RowsSkeleton />}>
          {(all) =>
            all.length === 0 ? <p>{t("home.callsNone")}</p> : <Calls calls={all.slice(0, SHOWN)} />
          }
        </Loaded>
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card className={styles["part"]}>
      <h2>{title}</h2>
      {children}
    </Card>
  );
}

interface Gap {
  text: string;
  href: string;
  /** What worked before: callers get less than they are meant to. */
  broken?: boolean;
}

function Missing({ agents, numbers }: Omit<OverviewProps, "calls">) {
  const t = useText();
  const mayEdit = useMay("editor");
  const answering = agents
    .filter(({ id, enabled }) => enabled && numbers.some(({ agent_id }) => agent_id === id))
    .slice(0, LOOKED_AT);
  const tools = useToolsOf(answering.map(({ id }) => id));
  const ofTools = answering.flatMap((agent, index) => toolGapsOf(agent, tools.data?.[index] ?? [], t));
  const all = [...ofTools, ...gapsOf(agents, numbers, t)];
  const gaps = [...all.filter(({ broken }) => broken), ...all.filter(({ broken }) => !broken)];
  return (
    <Part title={t("home.missing")}>
      {gaps.length === 0 && tools.data && (
        <p className={styles["good"]}>
          <CircleCheck aria-hidden size={18} />
          {t("home.missingNothing")}
        </p>
      )}
      <ul className={styles["gaps"]}>
        {gaps.slice(0, SHOWN).map(({ text, href, broken }) => (
          <li key={text} className={broken ? styles["broken"] : undefined}>
            {broken ? <CircleAlert aria-hidden size={18} /> : <CircleDot aria-hidden size={18} />}
            {mayEdit ? <Link href={href}>{text}</Link> : text}
          </li>
        ))}
      </ul>
      {gaps.length > SHOWN && <p>{t("home.missingMore", { count: gaps.length - SHOWN })}</p>}
      {/* As high as what mostly comes; beside what is known already it would go without a successor. */}
      {gaps.length === 0 && tools.isPending && <Skeleton shape="line" />}
      <InlineError error={tools.error} />
    </Part>
  );
}

function gapsOf(agents: Agent[], numbers: PhoneNumber[], t: TextFunction): Gap[] {
  if (agents.length === 0) return [{ text: t("home.missingAgent"), href: routes.start() }];
  return agents.flatMap((agent) => {
    const { id, name, enabled, instructions } = agent;
    const own = numbers.filter(({ agent_id }) => agent_id === id);
    const gaps: Gap[] = own
      .filter(({ routed }) => !routed)
      .map(({ number }) => ({ text: t("home.missingRouting", { number }), href: routes.numbers(), broken: true }));
    if (own.length === 0) {
      gaps.push({ text: t("home.missingNumber", { agent: name }), href: routes.start({ agent: id, step: "number" }) });
    }
    if (own[0] && !enabled) {
      gaps.push({ text: t("home.missingOn", { agent: name, number: own[0].number }), href: routes.agent(id) });
    }
    if (!instructions.trim()) gaps.push({ text: t("home.missingInstructions", { agent: name }), href: routes.agent(id) });
    return gaps;
  });
}

/** Of an agent that answers calls: the tools that it has on and cannot use. */
function toolGapsOf(agent: Agent, tools: Tool[], t: TextFunction): Gap[] {
  return tools
    .filter(({ own }) => own.enabled && !own.ready)
    .map((tool) => {
      const named = { agent: agent.name, tool: tool.about.display_name };
      const href = routes.agentTools({ id: agent.id, tool: tool.about.slug });
      if (!needsAccount(tool)) return { text: t("home.missingSettings", named), href };
      if (!tool.own.connection) return { text: t("home.missingAccount", named), href };
      return { text: t("home.disconnected", named), href, broken: true };
    });
}

function Calls({ calls }: { calls: Call[] }) {
  const t = useText();
  const nameOf = useAgentName();
  const format = useFormat();
  const who = ({ source, caller }: Call) => (source === "web" ? t("home.test") : (caller ?? t("home.withheld")));
  return (
    <ul className={styles["calls"]}>
      {calls.map((call) => (
        <li key={call.id}>
          <Link href={routes.call(call.id)}>{t("home.call", { who: who(call), agent: nameOf(call.agent_id) })}</Link>
          <CallState call={call} />
          <time dateTime={call.started_at}>{format.relative(call.started_at)}</time>
        </li>
      ))}
    </ul>
  );
}

function CallState({ call }: { call: Call }) {
  const t = useText();
  if (call.state !== "ended") return <Badge tone="accent">{t("home.live")}</Badge>;
  return call.answered_at ? (
    <Badge tone="good">{t("home.answered")}</Badge>
  ) : (
    <Badge tone="warn">{t("home.unanswered")}</Badge>
  );
}

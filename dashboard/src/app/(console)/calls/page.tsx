"use client";
import { PhoneIncoming, SearchX } from "lucide-react";
import Link from "next/link";
import { useAgentName } from "@/agents/useAgentName";
import { useAgents } from "@/data/agents";
import { type Call, type CallFilters, type CallState, type Outcome, useCalls } from "@/data/calls";
import { useMay } from "@/data/tenant";
import { routes } from "@/routes";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button, ButtonLink } from "@/ui/Button";
import { isDay } from "@/ui/days";
import { PageHeader, Table } from "@/ui/layout";
import { EmptyState, Loaded, RowsSkeleton } from "@/ui/states";
import { useFilters } from "@/ui/useFilters";
import { useNow } from "@/ui/useNow";
import { CallStatus } from "./CallStatus";
import { isLive, secondsOf } from "./duration";
import { ExportButtons } from "./ExportButtons";
import { FILTERS, FilterBar, wholeNumber } from "./FilterBar";

export default function CallsPage() {
  const t = useText();
  const [values, setValues] = useFilters(FILTERS);
  const filters = asFilters(values);
  const filtered = Object.keys(filters).length > 0;
  const entered = Object.values(values).some(Boolean);
  const calls = useCalls(filters);
  const agents = useAgents().data ?? [];
  const clear = () => setValues({ agent: "", state: "", outcome: "", caller: "", since: "", until: "" });
  const testCall = useMay("editor") && (
    <ButtonLink href={routes.testCall()} look="primary">
      {t("calls.testCall")}
    </ButtonLink>
  );
  return (
    <>
      <PageHeader title={t("calls.title")} intro={t("calls.intro")}>
        <ExportButtons filters={filters} />
        {testCall}
      </PageHeader>
      <FilterBar values={values} agents={agents} onChange={setValues} onClear={entered ? clear : undefined} />
      <Loaded query={calls} skeleton={<RowsSkeleton />}>
        {(all) =>
          all.length > 0 ? (
            <>
              <CallTable calls={all} />
              {calls.more && <Button onClick={calls.more}>{t("common.more")}</Button>}
            </>
          ) : filtered ? (
            <EmptyState icon={SearchX} title={t("calls.noMatchTitle")}>
              <Button onClick={clear}>{t("calls.clear")}</Button>
            </EmptyState>
          ) : (
            <EmptyState icon={PhoneIncoming} title={t("calls.emptyTitle")} text={t("calls.emptyText")}>
              {testCall}
            </EmptyState>
          )
        }
      </Loaded>
    </>
  );
}

/** Days in the address are days where the person is; the API wants moments. What is not a day yet filters nothing. */
function asFilters(values: Record<(typeof FILTERS)[number], string>): CallFilters {
  const { agent, state, outcome, caller, since, until } = values;
  const number = wholeNumber(caller);
  const from = startOf(since);
  const to = startOf(until, 1);
  return {
    ...(agent && { agent_id: agent }),
    ...(state && { state: state as CallState }),
    ...(outcome && { outcome: outcome as Outcome }),
    ...(number && { caller: number }),
    ...(from && { since: from }),
    ...(to && { until: to }),
  };
}

/** Of the day that is so many days later. */
function startOf(day: string, later = 0): string | undefined {
  if (!isDay(day)) return undefined;
  const date = new Date(`${day}T00:00:00`);
  date.setDate(date.getDate() + later);
  return date.toISOString();
}

function CallTable({ calls }: { calls: Call[] }) {
  const t = useText();
  const format = useFormat();
  const agentName = useAgentName();
  const now = useNow(calls.some(isLive));
  const columns = [t("calls.started"), t("calls.caller"), t("calls.agent"), t("calls.outcome"), t("calls.duration")];
  return (
    <Table
      caption={t("calls.title")}
      columns={columns}
      rows={calls.map((call) => ({
        key: call.id,
        cells: [
          <Link
            key="started"
            href={routes.call(call.id)}
            aria-label={t("calls.view", { time: format.dateTime(call.started_at) })}
          >
            <time dateTime={call.started_at}>{format.dateTime(call.started_at)}</time>
          </Link>,
          call.source === "web" ? t("calls.web") : (call.caller ?? t("calls.withheld")),
          agentName(call.agent_id),
          <CallStatus key="outcome" call={call} />,
          format.duration(secondsOf(call, now)),
        ],
      }))}
    />
  );
}

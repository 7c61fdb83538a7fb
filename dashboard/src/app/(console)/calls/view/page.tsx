"use client";
import { Download } from "lucide-react";
import { useRouter, useSearchParams } from "next/navigation";
import { useMemo, useState } from "react";
import { useAgentName } from "@/agents/useAgentName";
import { type Call, type EventTail, useCall, useEventTail } from "@/data/calls";
import { useToolCallName } from "@/data/tools";
import { useMay } from "@/data/tenant";
import { routes } from "@/routes";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Card, Facts, PageHeader } from "@/ui/layout";
import { InlineError, Loaded, NotFound, RowsSkeleton } from "@/ui/states";
import { useNow } from "@/ui/useNow";
import { isLive, secondsOf } from "../duration";
import { download } from "../export";
import { CallStatus } from "../CallStatus";
import { DeleteCallDialog, EndCallDialog } from "./CallDialogs";
import { Recording } from "./Recording";
import { storyOf } from "./story";
import { Timeline } from "./Timeline";
import { Transcript } from "./Transcript";
import styles from "./view.module.css";

export default function CallPage() {
  const id = useSearchParams().get("id");
  return id ? <OneCall key={id} id={id} /> : <NoCall />;
}

function NoCall() {
  const t = useText();
  return (
    <>
      <PageHeader title={t("calls.title")} />
      <NotFound />
    </>
  );
}

function OneCall({ id }: { id: string }) {
  const t = useText();
  const call = useCall(id);
  const tail = useEventTail(call.data && id);
  if (call.error?.kind === "not_found") return <NoCall />;
  return (
    <>
      {!call.data && <PageHeader title={t("calls.one")} />}
      <Loaded query={call} skeleton={<RowsSkeleton />}>
        {(found) => <CallView call={found} tail={tail} />}
      </Loaded>
    </>
  );
}

function CallView({ call, tail }: { call: Call; tail: EventTail }) {
  const t = useText();
  const format = useFormat();
  const router = useRouter();
  const mayEnd = useMay("editor");
  const mayDelete = useMay("owner");
  const [asking, setAsking] = useState<"end" | "delete">();
  const [marked, setMarked] = useState<string>();
  const toolCallName = useToolCallName();
  const story = useMemo(() => storyOf(call, tail.events, toolCallName), [call, tail.events, toolCallName]);
  // Of a call that is going on nobody knows when the first word is.
  const isComing = !isLive(call) && tail.events.length === 0 && !tail.ended && !tail.error;
  const save = () =>
    download(`call-${call.id}.json`, "application/json", JSON.stringify({ ...call, events: tail.events }, null, 2));
  return (
    <>
      <PageHeader title={t("calls.viewTitle", { time: format.dateTime(call.started_at) })}>
        <Button onClick={save}>
          <Download aria-hidden />
          {t("calls.exportJson")}
        </Button>
        {mayEnd && isLive(call) && (
          <Button look="danger" onClick={() => setAsking("end")}>
            {t("calls.end")}
          </Button>
        )}
        {mayDelete && !isLive(call) && <Button onClick={() => setAsking("delete")}>{t("calls.delete")}</Button>}
      </PageHeader>
      <CallFacts call={call} />
      {call.voicemail && <Recording call={call} />}
      {isLive(call) && (
        <p role="status" className={styles["following"]}>
          {t("calls.following")}
        </p>
      )}
      <InlineError error={tail.error ?? null} />
      <div className={styles["story"]}>
        <section className={styles["staying"]}>
          <h2>{t("calls.timeline")}</h2>
          <Timeline story={story} marked={marked} onMark={setMarked} />
        </section>
        <section>
          <h2>{t("calls.transcript")}</h2>
          {isComing ? <RowsSkeleton /> : <Transcript entries={story.entries} marked={marked} onMark={setMarked} />}
        </section>
      </div>
      {asking === "end" && <EndCallDialog call={call} onClose={() => setAsking(undefined)} />}
      {asking === "delete" && (
        <DeleteCallDialog call={call} onClose={() => setAsking(undefined)} onDone={() => router.push(routes.calls())} />
      )}
    </>
  );
}

function CallFacts({ call }: { call: Call }) {
  const t = useText();
  const format = useFormat();
  const now = useNow(isLive(call));
  const agent = useAgentName()(call.agent_id);
  const items: [string, React.ReactNode][] = [
    [t("calls.outcome"), <CallStatus key="outcome" call={call} />],
    [t("calls.caller"), call.source === "web" ? t("calls.web") : (call.caller ?? t("calls.withheld"))],
  ];
  if (call.called) items.push([t("calls.called"), call.called]);
  items.push([t("calls.agent"), agent], [t("calls.duration"), format.duration(secondsOf(call, now))]);
  if (call.answered_at) {
    const seconds = (Date.parse(call.answered_at) - Date.parse(call.started_at)) / 1000;
    items.push([t("calls.answeredAfter"), format.number(seconds, { style: "unit", unit: "second", maximumFractionDigits: 1 })]);
  }
  if (call.cost) {
    const { currency, ...parts } = call.cost;
    const amount = (value: number) =>
      format.number(value, { style: "currency", currency, minimumFractionDigits: 4 });
    const amounts = {
      total: amount(parts.total),
      model: amount(parts.model),
      telephony: amount(parts.telephony),
      livekit: amount(parts.livekit),
      platform: amount(parts.platform),
    };
    items.push([t("calls.cost"), t("calls.costParts", amounts)]);
  }
  if (call.fallback_reason) items.push([t("calls.why"), t(`calls.${call.fallback_reason}`)]);
  if (call.expires_at) items.push([t("calls.expires"), format.date(call.expires_at)]);
  return (
    <Card className={styles["facts"]}>
      <Facts items={items} />
    </Card>
  );
}

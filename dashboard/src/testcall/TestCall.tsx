"use client";
import { Mic, MicOff, Phone, PhoneOff } from "lucide-react";
import { useEffect } from "react";
import { type CallEvent, useEventTail } from "@/data/calls";
import { useToolCallName } from "@/data/tools";
import { routes } from "@/routes";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button, ButtonLink } from "@/ui/Button";
import { Badge, Card } from "@/ui/layout";
import { errorText, ErrorNote } from "@/ui/states";
import { useNow } from "@/ui/useNow";
import type { Line } from "./line";
import styles from "./TestCall.module.css";
import { AGENT_COMES_WITHIN_SECONDS, useTestCall } from "./useTestCall";

interface TestCallProps {
  agentId: string;
  /** The agent was heard and the call is over. */
  onEnded?: () => void;
}

/** Speak with an agent through the browser's microphone. */
export function TestCall({ agentId, onEnded }: TestCallProps) {
  const t = useText();
  const test = useTestCall(agentId);
  const tail = useEventTail(test.callId);
  const running = test.stage === "asking" || test.stage === "connecting" || test.stage === "talking";
  const over = test.stage === "over" && test.answeredAt !== undefined;
  useEffect(() => {
    if (over) onEnded?.();
  }, [over, onEnded]);
  return (
    <Card className={styles["call"]}>
      <div className={styles["controls"]}>
        {running ? (
          <Button look="danger" onClick={test.hangUp}>
            <PhoneOff aria-hidden />
            {t("testCall.hangUp")}
          </Button>
        ) : (
          <Button look="primary" onClick={test.call}>
            <Phone aria-hidden />
            {t(test.stage === "over" || test.trouble ? "testCall.again" : "testCall.start")}
          </Button>
        )}
        {test.stage === "talking" && (
          <Button aria-pressed={test.muted} onClick={() => test.mute(!test.muted)}>
            {test.muted ? <MicOff aria-hidden /> : <Mic aria-hidden />}
            {t(test.muted ? "testCall.unmute" : "testCall.mute")}
          </Button>
        )}
        <Status test={test} />
      </div>
      {test.stage === "talking" && (
        <label className={styles["meter"]}>
          {t("testCall.level")}
          <meter min={0} max={1} value={test.muted ? 0 : test.level} />
        </label>
      )}
      <TroubleNote test={test} />
      {(running || test.lines.length > 0) && (
        <Conversation lines={test.lines} tools={tail.events.filter(({ kind }) => kind === "tool_call")} />
      )}
      {test.responses.length > 0 && (
        <ul className={styles["responses"]}>
          {test.responses.map((milliseconds, index) => (
            <li key={index}>
              <Badge tone="accent">{t("testCall.response", { milliseconds })}</Badge>
            </li>
          ))}
        </ul>
      )}
      {!running && test.callId && (
        <ButtonLink href={routes.call(test.callId)}>{t("testCall.report")}</ButtonLink>
      )}
    </Card>
  );
}

type Test = ReturnType<typeof useTestCall>;

function Status({ test }: { test: Test }) {
  const t = useText();
  const format = useFormat();
  const now = useNow(test.stage === "talking");
  const words = {
    idle: "",
    asking: t("testCall.asking"),
    connecting: t("testCall.connecting"),
    talking: t("testCall.talking"),
    over: t("testCall.ended"),
  }[test.stage];
  return (
    <>
      <span role="status">{words}</span>
      {test.stage === "talking" && test.answeredAt !== undefined && (
        <span aria-hidden>{format.duration(Math.max(0, now - test.answeredAt) / 1000)}</span>
      )}
    </>
  );
}

function TroubleNote({ test }: { test: Test }) {
  const t = useText();
  switch (test.trouble) {
    case "refused":
      return <ErrorNote title={t("testCall.refusedTitle")} text={t("testCall.refusedText")} />;
    case "missing":
      return <ErrorNote title={t("testCall.noMicrophoneTitle")} text={t("testCall.noMicrophoneText")} />;
    case "no_agent":
      return (
        <ErrorNote
          title={t("testCall.noAgentTitle")}
          text={t("testCall.noAgentText", { seconds: AGENT_COMES_WITHIN_SECONDS })}
        />
      );
    case "lost":
      return <ErrorNote title={t("testCall.lostTitle")} text={t("testCall.lostText")} />;
    case "failed":
      return <ErrorNote title={t("testCall.failedTitle")} text={test.error ? errorText(test.error, t) : ""} />;
    case undefined:
      return null;
  }
}

/** Words as they come, with the tools that are called in between. */
function Conversation({ lines, tools }: { lines: Line[]; tools: CallEvent[] }) {
  const t = useText();
  const toolCallName = useToolCallName();
  return (
    <section aria-label={t("testCall.transcript")}>
      <h2>{t("testCall.transcript")}</h2>
      {lines.length === 0 && <p>{t("testCall.quiet")}</p>}
      <ol className={styles["lines"]} aria-live="polite">
        {lines.map(({ id, speaker, text }) => (
          <li key={`${speaker}-${id}`} className={styles[speaker]}>
            <strong>{t(speaker === "caller" ? "testCall.you" : "testCall.theAgent")}</strong> {text}
          </li>
        ))}
      </ol>
      {tools.length > 0 && (
        <ul className={styles["tools"]} aria-label={t("calls.tools")}>
          {tools.map(({ id, data }) => (
            <li key={id}>
              {t("calls.tool", {
                name: toolCallName(data),
                result: t(data["ok"] ? "calls.toolOk" : "calls.toolFailed"),
              })}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

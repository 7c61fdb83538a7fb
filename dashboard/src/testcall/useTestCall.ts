"use client";
/** A test call's life: idle → asking → connecting → talking → over, or what went wrong. */
import { useEffect, useRef, useState } from "react";
import { type ApiError, asApiError } from "@/api/errors";
import { type TestCall, useEndCall, useStartTestCall } from "@/data/calls";
import { useIdempotencyKey } from "@/data/hooks";
import type { Line, PhoneLine } from "./line";

export type Trouble = "refused" | "missing" | "no_agent" | "lost" | "failed";
export type Stage = "idle" | "asking" | "connecting" | "talking" | "over";

export interface TestCallState {
  stage: Stage;
  trouble: Trouble | undefined;
  error: ApiError | null;
  callId: string | undefined;
  lines: Line[];
  /** Milliseconds from the caller's last sound to the agent's first, by turn. */
  responses: number[];
  level: number;
  muted: boolean;
  /** Milliseconds since 1970, when the agent answered. */
  answeredAt: number | undefined;
}

export const AGENT_COMES_WITHIN_SECONDS = 15;

const IDLE: TestCallState = {
  stage: "idle",
  trouble: undefined,
  error: null,
  callId: undefined,
  lines: [],
  responses: [],
  level: 0,
  muted: false,
  answeredAt: undefined,
};

export function useTestCall(agentId: string) {
  const [state, setState] = useState(IDLE);
  const line = useRef<PhoneLine>(undefined);
  const attempt = useRef<symbol>(undefined); // what comes for an earlier one calls nobody any more
  const start = useStartTestCall();
  const end = useEndCall();
  const { key, done } = useIdempotencyKey();
  const change = (changed: Partial<TestCallState>) => setState((before) => ({ ...before, ...changed }));
  const finish = (trouble?: Trouble, error: ApiError | null = null) => {
    line.current = undefined;
    attempt.current = undefined;
    setState((before) => ({ ...before, stage: trouble ? "idle" : "over", trouble, error, level: 0 }));
  };

  // Leaving the page hangs up; the room ends with its only caller.
  useEffect(() => {
    const leave = () => {
      const held = line.current;
      attempt.current = line.current = undefined;
      void held?.hangUp();
    };
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, []);

  const waiting = state.stage === "connecting";
  const callId = state.callId;
  useEffect(() => {
    if (!waiting) return;
    const timer = setTimeout(() => {
      const held = line.current;
      finish("no_agent");
      void held?.hangUp();
      if (callId) end.mutate({ id: callId });
    }, AGENT_COMES_WITHIN_SECONDS * 1000);
    return () => clearTimeout(timer);
    // eslint-disable-next-line -- a new call starts the clock anew, a new render does not
  }, [waiting, callId]);

  const call = async () => {
    setState({ ...IDLE, stage: "asking" });
    const mine = Symbol("attempt");
    attempt.current = mine;
    const code = await import("./line").catch((thrown: unknown) => finish("failed", asApiError(thrown)));
    if (!code || attempt.current !== mine) return;
    const { MicrophoneError, openMicrophone, PhoneLine } = code;
    let microphone: MediaStreamTrack;
    try {
      microphone = await openMicrophone();
    } catch (thrown) {
      if (attempt.current !== mine) return;
      if (thrown instanceof MicrophoneError) finish(thrown.kind);
      else finish("failed", asApiError(thrown));
      return;
    }
    if (attempt.current !== mine) {
      microphone.stop();
      return;
    }
    change({ stage: "connecting" });
    const held = new PhoneLine(microphone, {
      answered: () => change({ stage: "talking", answeredAt: Date.now() }),
      said: (said) => setState((before) => ({ ...before, lines: replaced(before.lines, said) })),
      responded: (milliseconds) =>
        setState((before) => ({ ...before, responses: [...before.responses, milliseconds] })),
      level: (level) => change({ level }),
      ended: (how) => finish(how === "lost" ? "lost" : undefined),
    });
    line.current = held;
    let made: TestCall | undefined;
    try {
      made = await start.mutateAsync({ agent_id: agentId, key: key() });
      if (made && line.current === held) {
        done();
        change({ callId: made.call_id });
        await held.connect(made.livekit_url, made.token);
      }
    } catch (thrown) {
      microphone.stop();
      if (line.current === held) finish("failed", asApiError(thrown));
    }
    // Hung up meanwhile, or not connected: without its caller the agent would wait in the room.
    if (made && line.current !== held) end.mutate({ id: made.call_id });
  };

  return {
    ...state,
    call: () => void call(),
    hangUp: () => {
      const held = line.current;
      done(); // whoever calls again wants another call, also while this one is still being made
      finish();
      void held?.hangUp();
    },
    mute: (muted: boolean) => {
      change({ muted });
      void line.current?.mute(muted);
    },
  };
}

function replaced(lines: Line[], said: Line): Line[] {
  const known = lines.findIndex(({ id, speaker }) => id === said.id && speaker === said.speaker);
  return known < 0 ? [...lines, said] : lines.map((line, index) => (index === known ? said : line));
}

"use client";
/** Calls: the list, one call with its events as they come, and test calls from the browser. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useApi } from "@/api/ApiProvider";
import type { Api, Schemas } from "@/api/client";
import { ApiError, asApiError } from "@/api/errors";
import { useChange, useFile, usePages, useRead } from "./hooks";
import { useTenant } from "./tenant";

export type Call = Schemas["CallOut"];
export type CallState = Schemas["CallState"];
export type Outcome = Schemas["Outcome"];
export type CallEvent = Schemas["EventOut"];
export type TestCall = Schemas["TestCallOut"];

export const CALL_STATES: CallState[] = ["ringing", "in_progress", "fallback", "ended"];
export const OUTCOMES: Outcome[] = [
  "caller_hung_up",
  "agent_ended",
  "caller_silent",
  "max_length",
  "abandoned",
  "forwarded",
  "voicemail",
  "message_played",
  "agent_lost",
  "stopped",
  "failed",
];

export interface CallFilters {
  agent_id?: string;
  state?: CallState;
  outcome?: Outcome;
  caller?: string;
  /** Moments, with a time zone. */
  since?: string;
  until?: string;
}

const PAGE = 50;
const REFRESH_MILLISECONDS = 5_000;
/** Seconds that the API holds a question for events back while there are none. */
const TAIL_WAIT = 20;
const TAIL_RETRY_MILLISECONDS = 2_000;

function readPage(api: Api, tenant_id: string, filters: CallFilters, cursor: string | undefined, signal?: AbortSignal) {
  return api.GET("/api/v1/tenants/{tenant_id}/calls", {
    params: { path: { tenant_id }, query: { ...filters, limit: PAGE, ...(cursor ? { cursor } : {}) } },
    ...(signal ? { signal } : {}),
  });
}

/** Newest first; looked at again every few seconds. */
export function useCalls(filters: CallFilters) {
  const tenant_id = useTenant().id;
  return usePages(
    ["calls", tenant_id, "list", filters],
    (api, cursor, signal) => readPage(api, tenant_id, filters, cursor, signal),
    { every: REFRESH_MILLISECONDS },
  );
}

/** Every call that the filters leave, all pages, for an export. */
export function useReadAllCalls(): (filters: CallFilters) => Promise<Call[]> {
  const api = useApi();
  const tenant_id = useTenant().id;
  return async (filters) => {
    const all: Call[] = [];
    let cursor: string | undefined;
    do {
      const page = (await readPage(api, tenant_id, filters, cursor)).data;
      all.push(...(page?.items ?? []));
      cursor = page?.next_cursor ?? undefined;
    } while (cursor);
    return all;
  };
}

export function useCall(call_id: string) {
  const tenant_id = useTenant().id;
  return useRead(["calls", tenant_id, "one", call_id], (api, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/calls/{call_id}", { params: { path: { tenant_id, call_id } }, signal }),
  );
}

export interface EventTail {
  events: CallEvent[];
  /** The call is over and these are all. */
  ended: boolean;
  error: ApiError | undefined;
}

/** The events of a call from its first one, and more as they come, until it has ended. No call: none. */
export function useEventTail(call_id: string | undefined): EventTail {
  const api = useApi();
  const tenant_id = useTenant().id;
  const queries = useQueryClient();
  const [tail, setTail] = useState<EventTail>({ events: [], ended: false, error: undefined });
  useEffect(() => {
    if (!call_id) return;
    const stop = new AbortController();
    setTail({ events: [], ended: false, error: undefined });
    const follow = async () => {
      let after: string | undefined;
      while (!stop.signal.aborted) {
        try {
          const { data } = await api.GET("/api/v1/tenants/{tenant_id}/calls/{call_id}/events", {
            params: { path: { tenant_id, call_id }, query: { wait: TAIL_WAIT, ...(after ? { after } : {}) } },
            signal: stop.signal,
          });
          if (!data) continue;
          after = data.after;
          setTail((known) => ({ events: [...known.events, ...data.items], ended: data.ended, error: undefined }));
          if (data.ended) {
            await queries.invalidateQueries({ queryKey: ["calls", tenant_id] });
            return;
          }
        } catch (thrown) {
          if (stop.signal.aborted) return;
          const error = asApiError(thrown);
          setTail((known) => ({ ...known, error }));
          if (!error.isPassing) return;
          await new Promise((resolve) => setTimeout(resolve, TAIL_RETRY_MILLISECONDS));
        }
      }
    };
    void follow();
    return () => stop.abort();
  }, [api, tenant_id, call_id, queries]);
  return tail;
}

/** The message that the caller left, as a WAV. */
export function useReadRecording() {
  const tenant_id = useTenant().id;
  return useFile((api, call_id: string) =>
    api.GET("/api/v1/tenants/{tenant_id}/calls/{call_id}/recording", {
      params: { path: { tenant_id, call_id } },
      parseAs: "blob",
    }),
  );
}

export function useEndCall() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { id: call_id }: Pick<Call, "id">) =>
      api.POST("/api/v1/tenants/{tenant_id}/calls/{call_id}/end", { params: { path: { tenant_id, call_id } } }),
    [["calls", tenant_id]],
  );
}

export function useDeleteCall() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { id: call_id }: Pick<Call, "id">) =>
      api.DELETE("/api/v1/tenants/{tenant_id}/calls/{call_id}", { params: { path: { tenant_id, call_id } } }),
    [["calls", tenant_id, "list"]],
  );
}

/** Makes the room and asks an agent to come; the answer is what LiveKit's client needs. */
export function useStartTestCall() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { agent_id, key }: { agent_id: string; key: string }) =>
      api.POST("/api/v1/tenants/{tenant_id}/agents/{agent_id}/test-calls", {
        params: { path: { tenant_id, agent_id }, header: { "idempotency-key": key } },
      }),
    [["calls", tenant_id, "list"]],
  );
}

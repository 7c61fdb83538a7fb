"use client";
/**
 * From the click on Connect to its end. The provider's page runs in a window of its own, which tells this one
 * how it ended; where browsers keep windows from talking, or open none, the function is asked and this tab goes.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { ApiError } from "@/api/errors";
import { type ToolAddress, useConnectionStatus, useStartConnection } from "@/data/connections";
import { useTenant } from "@/data/tenant";
import { useConfig } from "@/session/SessionProvider";
import { rememberReturn } from "./returning";

const MESSAGE = "trunkline.connection";
const ASK_EVERY_MILLISECONDS = 2500;
const LOOK_EVERY_MILLISECONDS = 500;
const WINDOW = "popup,width=560,height=760";

/** What functions/oauth/callback_page.py sends. */
interface Message {
  type: string;
  status: "connected" | "failed";
  agent_id?: string;
  tool?: string;
  account_email?: string | null;
  reason?: string;
  message?: string;
}

export type Connecting =
  | { phase: "idle" | "starting" | "waiting" | "closed" }
  | { phase: "failed"; reason: string; message: string | undefined }
  | { phase: "refused"; error: ApiError };

interface Options {
  tool: ToolAddress;
  /** Of the connection that there is: what is newer is the one that was waited for. */
  since: string | null | undefined;
  onConnected: (account: string | undefined) => void;
}

export function useConnecting({ tool, since, onConnected }: Options) {
  const { oauthUrl } = useConfig();
  const queries = useQueryClient();
  const tenant_id = useTenant().id;
  const begin = useStartConnection();
  const [state, setState] = useState<Connecting>({ phase: "idle" });
  const popup = useRef<Window | null>(null);
  const waits = state.phase === "waiting" || state.phase === "closed";
  const status = useConnectionStatus(tool, waits ? ASK_EVERY_MILLISECONDS : undefined);

  const finish = useCallback(
    (account: string | null | undefined) => {
      setState({ phase: "idle" });
      void queries.invalidateQueries({ queryKey: ["agents", tenant_id] });
      onConnected(account ?? undefined);
    },
    [queries, tenant_id, onConnected],
  );

  useEffect(() => {
    if (!waits) return;
    const hear = (event: MessageEvent<Message>) => {
      if (event.origin !== oauthUrl || event.data.type !== MESSAGE) return;
      const { status: ending, agent_id, tool: slug } = event.data;
      if (ending === "connected" && agent_id === tool.agent_id && slug === tool.tool) {
        finish(event.data.account_email);
      } else if (ending === "failed" && event.source === popup.current) {
        popup.current?.close();
        setState({ phase: "failed", reason: event.data.reason ?? "", message: event.data.message });
      }
    };
    window.addEventListener("message", hear);
    return () => window.removeEventListener("message", hear);
  }, [waits, oauthUrl, tool.agent_id, tool.tool, finish]);

  // A window that looks closed may be one that its pages have cut off from this one, so asking goes on.
  useEffect(() => {
    if (state.phase !== "waiting") return;
    const look = () => {
      // It closes by itself when it has told how it ended, which may be known here, but not drawn yet.
      if (popup.current?.closed) setState((now) => (now.phase === "waiting" ? { phase: "closed" } : now));
    };
    const timer = setInterval(look, LOOK_EVERY_MILLISECONDS);
    return () => clearInterval(timer);
  }, [state.phase]);

  const found = status.data;
  useEffect(() => {
    if (waits && found?.state === "connected" && found.since !== since) finish(found.account_email);
  }, [waits, found, since, finish]);

  const start = (account?: string) => {
    // In the click itself, before anything is waited for: later it would be blocked.
    popup.current = window.open("", "trunkline-connect", WINDOW);
    setState({ phase: "starting" });
    queries.removeQueries({ queryKey: ["connections", tenant_id] }); // what is known of an earlier attempt
    begin.mutate(
      { ...tool, account },
      {
        onSuccess: (url) => {
          if (popup.current) {
            popup.current.location.href = url;
            setState({ phase: "waiting" });
          } else {
            rememberReturn();
            window.location.assign(url);
          }
        },
        onError: (error) => {
          popup.current?.close();
          setState({ phase: "refused", error });
        },
      },
    );
  };
  const cancel = () => {
    popup.current?.close();
    setState({ phase: "idle" });
  };
  return { state, start, cancel };
}

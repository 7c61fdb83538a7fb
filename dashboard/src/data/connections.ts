"use client";
/** The connection function: starting a consent, asking how it went, ending a connection. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, errorOf, offline } from "@/api/errors";
import { useConfig, useSession } from "@/session/SessionProvider";
import { useLanguage } from "@/texts/TextProvider";
import { useRead } from "./hooks";
import { useTenant } from "./tenant";

export interface ToolAddress {
  provider: string;
  agent_id: string;
  tool: string;
}

export interface ConnectionStatus {
  state: "connected" | "disconnected" | "never_connected";
  account_email?: string | null;
  since?: string | null;
}

/** Sends what the function asks for, with the cookie that binds a consent to this browser. */
function useOAuthCall() {
  const { oauthUrl } = useConfig();
  const session = useSession();
  const tenant_id = useTenant().id;
  return async <T>(method: "GET" | "POST", action: string, { provider, ...tool }: ToolAddress & { account?: string | undefined; language?: string }, signal?: AbortSignal) => {
    const token = session.token();
    if (token === undefined) throw new ApiError("unauthenticated", undefined, undefined);
    const asked = { tenant_id, ...tool };
    const query = method === "GET" ? `?${new URLSearchParams(asked as Record<string, string>)}` : "";
    const response = await fetch(`${oauthUrl}/api/v1/oauth/${encodeURIComponent(provider)}/${action}${query}`, {
      method,
      credentials: "include",
      headers: { Authorization: `Bearer ${token}`, ...(query ? {} : { "Content-Type": "application/json" }) },
      ...(query ? {} : { body: JSON.stringify(asked) }),
      ...(signal ? { signal } : {}),
    }).catch((error: unknown) => {
      throw error instanceof DOMException && error.name === "AbortError" ? error : offline();
    });
    if (response.status === 401) session.rejected();
    if (!response.ok) throw await errorOf(response);
    return (await response.json()) as T;
  };
}

/** The address of the provider's consent page, which leads to a page of the function's own. */
export function useStartConnection() {
  const call = useOAuthCall();
  const { language } = useLanguage();
  return useMutation<string, ApiError, ToolAddress & { account?: string | undefined }>({
    mutationFn: async (asked) =>
      (await call<{ authorization_url: string }>("POST", "start", { ...asked, language })).authorization_url,
  });
}

export function useDisconnect() {
  const call = useOAuthCall();
  const queries = useQueryClient();
  const tenant_id = useTenant().id;
  const refresh = () => queries.invalidateQueries({ queryKey: ["agents", tenant_id] });
  return useMutation<{ revoked: boolean }, ApiError, ToolAddress>({
    mutationFn: (tool) => call("POST", "disconnect", tool),
    onSuccess: refresh,
    onError: (error) => {
      if (error.isOutdated) void refresh();
    },
  });
}

/** Asked again and again while a consent is under way: messages between windows may not get through. */
export function useConnectionStatus(tool: ToolAddress, every: number | undefined) {
  const call = useOAuthCall();
  return useRead<ConnectionStatus>(
    ["connections", useTenant().id, tool.agent_id, tool.tool, tool.provider],
    async (_, signal) => ({ data: await call<ConnectionStatus>("GET", "status", tool, signal) }),
    { enabled: every !== undefined, ...(every === undefined ? {} : { every }) },
  );
}

"use client";
/** Agents: the list, one of them, and what can be done with one. */
import type { Schemas } from "@/api/client";
import type { AgentDraft } from "@/agents/draft";
import { useChange, usePages, useRead } from "./hooks";
import { useTenant } from "./tenant";

export type Agent = Schemas["AgentOut"];

const PAGE = 100;

export function useAgents() {
  const tenant_id = useTenant().id;
  return usePages(["agents", tenant_id, "list"], (api, cursor, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/agents", {
      params: { path: { tenant_id }, query: { limit: PAGE, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  );
}

/** Agents that have a tool switched on. */
export function useAgentsUsing(tool: string) {
  const tenant_id = useTenant().id;
  return usePages(["agents", tenant_id, "using", tool], (api, cursor, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/agents", {
      params: { path: { tenant_id }, query: { limit: PAGE, tool, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  );
}

export function useAgent(agent_id: string) {
  const tenant_id = useTenant().id;
  return useRead(
    ["agents", tenant_id, "one", agent_id],
    (api, signal) =>
      api.GET("/api/v1/tenants/{tenant_id}/agents/{agent_id}", {
        params: { path: { tenant_id, agent_id } },
        signal,
      }),
    { enabled: Boolean(agent_id) },
  );
}

interface AgentChange extends Pick<Agent, "id" | "etag"> {
  changes: Partial<AgentDraft>;
}

/** Some fields of one version; another version there by now is the error `changed_meanwhile`. */
export function useChangeAgent() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { id: agent_id, etag, changes }: AgentChange) =>
      api.PATCH("/api/v1/tenants/{tenant_id}/agents/{agent_id}", {
        params: { path: { tenant_id, agent_id }, header: { "If-Match": etag } },
        body: changes as Schemas["AgentPatch"],
      }),
    [
      ["agents", tenant_id],
      ["audit", tenant_id],
    ],
  );
}

export type NewAgent = Pick<Agent, "name" | "instructions"> & Partial<Schemas["AgentInput"]>;

export function useCreateAgent() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { agent, key }: { agent: NewAgent; key: string }) =>
      api.POST("/api/v1/tenants/{tenant_id}/agents", {
        params: { path: { tenant_id }, header: { "idempotency-key": key } },
        body: agent as Schemas["AgentInput"],
      }),
    [["agents", tenant_id]],
  );
}

export function useDuplicateAgent() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { agent_id, name, key }: { agent_id: string; name: string; key: string }) =>
      api.POST("/api/v1/tenants/{tenant_id}/agents/{agent_id}/duplicate", {
        params: { path: { tenant_id, agent_id }, header: { "idempotency-key": key } },
        body: { name },
      }),
    [["agents", tenant_id]],
  );
}

export function useDeleteAgent() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { id: agent_id, etag }: Pick<Agent, "id" | "etag">) =>
      api.DELETE("/api/v1/tenants/{tenant_id}/agents/{agent_id}", {
        params: { path: { tenant_id, agent_id }, header: { "If-Match": etag } },
      }),
    // The list alone: the deleted one itself is not asked for again by a page that still shows it.
    [["agents", tenant_id, "list"]],
  );
}

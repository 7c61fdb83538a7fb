"use client";
/** Agents: the list and what can be done with one. */
import type { Schemas } from "@/api/client";
import { useChange, usePages } from "./hooks";
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
    [["agents", tenant_id]],
  );
}

"use client";
/** An agent's tools: what the catalogue says of each, joined with how this agent has it. */
import type { Schemas } from "@/api/client";
import { useChange, useRead } from "./hooks";
import { useTenant } from "./tenant";

export type CatalogTool = Schemas["CatalogToolOut"];
export type AgentTool = Schemas["AgentToolOut"];
export type Config = AgentTool["config"];

export interface Tool {
  /** What it is, the same for every agent. */
  about: CatalogTool;
  /** How this agent has it. */
  own: AgentTool;
}

export interface AgentWithTools {
  agent: Schemas["AgentOut"];
  tools: Tool[];
}

export function useAgentTools(agent_id: string) {
  const tenant_id = useTenant().id;
  const path = { tenant_id, agent_id };
  return useRead<AgentWithTools>(["agents", tenant_id, agent_id, "tools"], async (api, signal) => {
    const [agent, catalogue, owned] = await Promise.all([
      api.GET("/api/v1/tenants/{tenant_id}/agents/{agent_id}", { params: { path }, signal }),
      api.GET("/api/v1/tools", { signal }),
      api.GET("/api/v1/tenants/{tenant_id}/agents/{agent_id}/tools", { params: { path }, signal }),
    ]);
    if (!agent.data || !catalogue.data || !owned.data) return {};
    const bySlug = new Map(owned.data.items.map((own) => [own.slug, own]));
    const tools = catalogue.data.items.flatMap((about) => {
      const own = bySlug.get(about.slug);
      return own ? [{ about, own }] : [];
    });
    return { data: { agent: agent.data, tools } };
  });
}

export interface ToolChange {
  slug: string;
  etag: string;
  enabled?: boolean;
  /** The whole config; a secret that is left out stays, null removes it. */
  config?: Config;
}

export function useChangeTool(agent_id: string) {
  const tenant_id = useTenant().id;
  return useChange<ToolChange, AgentTool>(
    (api, { slug, etag, ...body }) =>
      api.PATCH("/api/v1/tenants/{tenant_id}/agents/{agent_id}/tools/{slug}", {
        params: { path: { tenant_id, agent_id, slug }, header: { "if-match": etag } },
        body,
      }),
    [["agents", tenant_id]],
  );
}

/** Config, passwords and connection go for good. */
export function useRemoveTool(agent_id: string) {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { slug, etag }: Pick<ToolChange, "slug" | "etag">) =>
      api.DELETE("/api/v1/tenants/{tenant_id}/agents/{agent_id}/tools/{slug}", {
        params: { path: { tenant_id, agent_id, slug }, header: { "If-Match": etag } },
      }),
    [["agents", tenant_id]],
  );
}

/** To the letter what a call's model gets. */
export function usePreview(agent_id: string) {
  const tenant_id = useTenant().id;
  return useRead(["agents", tenant_id, agent_id, "preview"], (api, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/agents/{agent_id}/preview", {
      params: { path: { tenant_id, agent_id } },
      signal,
    }),
  );
}

"use client";
/** Tools: what the catalogue says of each, and how an agent has it. */
import { useMemo } from "react";
import type { Schemas } from "@/api/client";
import { useLanguage } from "@/texts/TextProvider";
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

/** Of an event, by the names that people know tool and action by: “Calendar · book an appointment”. */
export type ToolCallName = (data: Schemas["EventOut"]["data"]) => string;

/** Every tool that there is. */
export function useCatalogue() {
  const { language } = useLanguage();
  return useRead(["tools", language], (api, signal) => api.GET("/api/v1/tools", { params: { query: { language } }, signal }));
}

/** Until the catalogue is there, and for tools that are in it no more, names are what events have. */
export function useToolCallName(): ToolCallName {
  const { data: catalogue } = useCatalogue();
  return useMemo(() => {
    const tools = new Map(catalogue?.items.map((about) => [about.slug, about]));
    return ({ tool, action }) => {
      const slug = String(tool);
      const about = tools.get(slug);
      if (!action) return about?.display_name ?? slug;
      const done = about?.actions.find(({ name }) => name === action)?.display_name ?? String(action).replaceAll("_", " ");
      return `${about?.display_name ?? slug} · ${done}`;
    };
  }, [catalogue]);
}

export interface AgentWithTools {
  agent: Schemas["AgentOut"];
  tools: Tool[];
}

export function useAgentTools(agent_id: string) {
  const tenant_id = useTenant().id;
  const { language } = useLanguage();
  const path = { tenant_id, agent_id };
  return useRead<AgentWithTools>(["agents", tenant_id, agent_id, "tools", language], async (api, signal) => {
    const [agent, catalogue, owned] = await Promise.all([
      api.GET("/api/v1/tenants/{tenant_id}/agents/{agent_id}", { params: { path }, signal }),
      api.GET("/api/v1/tools", { params: { query: { language } }, signal }),
      api.GET("/api/v1/tenants/{tenant_id}/agents/{agent_id}/tools", { params: { path }, signal }),
    ]);
    if (!agent.data || !catalogue.data || !owned.data) return {};
    return { data: { agent: agent.data, tools: toolsOf(catalogue.data.items, owned.data.items) } };
  });
}

/** Of each of some agents, in their order. One answer for all: it takes a request for each of them. */
export function useToolsOf(agent_ids: readonly string[]) {
  const tenant_id = useTenant().id;
  const { language } = useLanguage();
  return useRead<Tool[][]>(["agents", tenant_id, "tools-of", agent_ids, language], async (api, signal) => {
    if (agent_ids.length === 0) return { data: [] };
    const [catalogue, ...owned] = await Promise.all([
      api.GET("/api/v1/tools", { params: { query: { language } }, signal }),
      ...agent_ids.map((agent_id) =>
        api.GET("/api/v1/tenants/{tenant_id}/agents/{agent_id}/tools", { params: { path: { tenant_id, agent_id } }, signal }),
      ),
    ]);
    return { data: owned.map(({ data }) => toolsOf(catalogue.data?.items ?? [], data?.items ?? [])) };
  });
}

/** In the catalogue's order. */
function toolsOf(catalogue: CatalogTool[], owned: AgentTool[]): Tool[] {
  const bySlug = new Map(owned.map((own) => [own.slug, own]));
  return catalogue.flatMap((about) => {
    const own = bySlug.get(about.slug);
    return own ? [{ about, own }] : [];
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
        params: { path: { tenant_id, agent_id, slug }, header: { "If-Match": etag } },
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

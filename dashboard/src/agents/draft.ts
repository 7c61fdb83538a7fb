/** An agent as a form edits it. */
import type { Schemas } from "@/api/client";

type Agent = Schemas["AgentOut"];

export type AgentDraft = Required<Omit<Agent, "id" | "etag" | "revision">>;
export type AgentField = keyof AgentDraft;

/** In the order in which people read about them. */
export const AGENT_FIELDS = [
  "name",
  "enabled",
  "instructions",
  "greeting",
  "disclose_ai",
  "voice",
  "language",
  "model",
  "time_zone",
  "hours",
  "fallback",
  "max_call_seconds",
  "silence_prompt_seconds",
  "silence_hangup_seconds",
  "log_spoken_words",
] as const satisfies readonly AgentField[];

export function draftOf({ id: _id, etag: _etag, revision: _revision, ...settings }: Agent): AgentDraft {
  return { ...settings, hours: settings.hours ?? null, fallback: settings.fallback ?? null };
}

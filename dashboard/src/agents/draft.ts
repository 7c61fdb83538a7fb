/** An agent as a form edits it, and which of its fields differ between two versions. */
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

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

export const differingFields = (one: AgentDraft, other: AgentDraft): AgentField[] =>
  AGENT_FIELDS.filter((field) => !same(one[field], other[field]));

/** What of `draft` differs from `base`, with `draft`'s values. */
export function changesOf(base: AgentDraft, draft: AgentDraft): Partial<AgentDraft> {
  return pick(draft, differingFields(base, draft));
}

export function pick(draft: AgentDraft, fields: readonly AgentField[]): Partial<AgentDraft> {
  return Object.fromEntries(fields.map((field) => [field, draft[field]]));
}

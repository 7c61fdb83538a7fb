import type { AgentDraft } from "@/agents/draft";

/** What each section of the form is given. */
export interface SectionProps {
  draft: AgentDraft;
  set: (entered: Partial<AgentDraft>) => void;
  /** What the API refused: field, such as `fallback.forward.number` → why. */
  fields: Readonly<Record<string, string>>;
}

/** Of a field of one of several shapes, whose path names the shape: `fallback.forward.number`. */
export function partError(fields: SectionProps["fields"], field: string, part: string): string | undefined {
  return Object.entries(fields).find(([path]) => path.startsWith(`${field}.`) && path.endsWith(`.${part}`))?.[1];
}

/** Of a field or anything in it. */
export function anyError(fields: SectionProps["fields"], field: string): string | undefined {
  return Object.entries(fields).find(([path]) => path === field || path.startsWith(`${field}.`))?.[1];
}

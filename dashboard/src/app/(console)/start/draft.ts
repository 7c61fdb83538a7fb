/** What somebody has said about their business, and the agent that is drafted from it. */
import { hoursTexts, OFFICE_HOURS, type Span } from "@/agents/hours";
import { browserTimeZone, likelyLanguage } from "@/agents/languages";
import type { NewAgent } from "@/data/agents";
import type { Language } from "@/texts/TextProvider";
import type { TemplateId, TemplateTexts } from "@/texts/templates/en";

export interface Business {
  name: string;
  kind: TemplateId;
  /** null: around the clock */
  hours: Span[] | null;
  language: string;
  timeZone: string;
}

export type Drafted = Pick<NewAgent, "name" | "instructions"> & { greeting: string; voice: string };

export interface StartDraft {
  business: Business;
  /** What somebody has written in place of what was drafted. */
  edits: Partial<Drafted>;
  /** Where somebody left who comes back. */
  step: "business" | "agent";
  /** Of the request that makes the agent: an answer that got lost makes no second one. */
  key: string;
}

const VOICE = "Kore";

export const TEMPLATES: Record<Language, () => Promise<TemplateTexts>> = {
  en: () => import("@/texts/templates/en"),
  de: () => import("@/texts/templates/de"),
};

/** Callers hear the greeting: it is drafted in the agent's language where there are templates, else in the reader's. */
export function templateLanguage(agentLanguage: string, reader: Language): Language {
  const primary = agentLanguage.split("-")[0] ?? "";
  return primary in TEMPLATES ? (primary as Language) : reader;
}

export function drafted(business: Business, { templates, always }: TemplateTexts, locale: string): Drafted {
  const hours = business.hours ? hoursTexts(business.hours, locale).join("; ") : always;
  const filled = (text: string) => text.replaceAll("{business}", business.name).replaceAll("{hours}", hours);
  const template = templates[business.kind];
  return {
    name: template.name,
    greeting: filled(template.greeting),
    instructions: filled(template.instructions),
    voice: VOICE,
  };
}

const storedAs = (tenantId: string): string => `trunkline.start.${tenantId}`;

export function readDraft(tenantId: string, tenantName: string, locale: string): StartDraft {
  const stored = localStorage.getItem(storedAs(tenantId));
  if (stored) {
    try {
      return JSON.parse(stored) as StartDraft;
    } catch {
      forgetDraft(tenantId); // not written by this page
    }
  }
  const business: Business = {
    name: tenantName,
    kind: "general",
    hours: OFFICE_HOURS,
    language: likelyLanguage(locale),
    timeZone: browserTimeZone(),
  };
  return { business, edits: {}, step: "business", key: crypto.randomUUID() };
}

export const keepDraft = (tenantId: string, draft: StartDraft): void =>
  localStorage.setItem(storedAs(tenantId), JSON.stringify(draft));

export const forgetDraft = (tenantId: string): void => localStorage.removeItem(storedAs(tenantId));

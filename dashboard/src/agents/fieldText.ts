"use client";
/** An agent's fields in words: for its history, and for two versions side by side. */
import { useMemo } from "react";
import type { TextFunction } from "@/texts/TextProvider";
import { useLocale, useText } from "@/texts/TextProvider";
import { type Format, useFormat } from "@/texts/format";
import type { AgentDraft, AgentField } from "./draft";
import { hoursTexts } from "./hours";

export type FieldText = (field: AgentField, value: unknown) => string;

/** `value` is one of the field's own type, or null for a version of the agent that does not exist. */
export function useFieldText(): FieldText {
  const t = useText();
  const format = useFormat();
  const locale = useLocale();
  return useMemo(() => (field, value) => textOf(field, value, t, format, locale), [t, format, locale]);
}

function textOf(field: AgentField, value: unknown, t: TextFunction, format: Format, locale: string): string {
  switch (field) {
    case "hours":
      return hoursText(value as AgentDraft["hours"], t, format, locale);
    case "fallback":
      return fallbackText(value as AgentDraft["fallback"], t, format);
    case "language":
      return typeof value === "string" ? format.languageName(value) : t("agentFields.nothing");
    case "max_call_seconds":
    case "silence_prompt_seconds":
    case "silence_hangup_seconds":
      return typeof value === "number" ? format.duration(value) : t("agentFields.nothing");
    case "enabled":
    case "disclose_ai":
    case "log_spoken_words":
      return t(value ? "agentFields.yes" : "agentFields.no");
    case "name":
    case "instructions":
    case "greeting":
    case "voice":
    case "model":
    case "time_zone":
      return typeof value === "string" && value ? value : t("agentFields.nothing");
  }
}

function hoursText(hours: AgentDraft["hours"], t: TextFunction, format: Format, locale: string): string {
  if (!hours) return t("agentFields.always");
  return hours.length ? format.list(hoursTexts(hours, locale)) : t("agentFields.never");
}

function fallbackText(fallback: AgentDraft["fallback"], t: TextFunction, format: Format): string {
  switch (fallback?.kind) {
    case "forward":
      return t("agentFields.fallbackForward", { number: fallback.number });
    case "voicemail":
      return t("agentFields.fallbackVoicemail", {
        length: format.duration(fallback.max_seconds),
        prompt: fallback.prompt,
      });
    case "say":
      return t("agentFields.fallbackSay", { text: fallback.text });
    case undefined:
      return t("agentFields.fallbackDefault");
  }
}

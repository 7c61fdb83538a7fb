/** What people are told of a tool's state, from what the API says is missing. */
import type { Tool } from "@/data/tools";
import { titleOf } from "@/schema-form/schema";
import type { Format } from "@/texts/format";
import type { TextFunction } from "@/texts/TextProvider";
import type { Tone } from "@/ui/layout";

/** Config fields that have no valid value yet; the API writes `name: what is wrong`. */
export function missingFields({ about, own }: Tool): string[] {
  const names = Object.keys((about.config_schema["properties"] ?? {}) as object);
  const lacking = own.missing.map((sentence) => sentence.split(/[.:]/)[0] ?? "").filter((name) => names.includes(name));
  return [...new Set(lacking)];
}

export function needsAccount({ about, own }: Tool): boolean {
  return about.provider !== null && own.connection?.state !== "connected";
}

/** As sentences; none: calls can use it once it is on. */
export function missingTexts(tool: Tool, t: TextFunction, format: Format): string[] {
  const fields = missingFields(tool).map((name) => titleOf(tool.about.config_schema, name));
  return [
    ...(fields.length ? [t("tools.missingSettings", { fields: format.list(fields) })] : []),
    ...(needsAccount(tool) ? [t("tools.missingAccount")] : []),
  ];
}

export function stateOf({ own }: Tool, t: TextFunction): { tone: Tone; text: string } {
  if (!own.enabled) return { tone: "plain", text: t("tools.off") };
  return own.ready ? { tone: "good", text: t("tools.ready") } : { tone: "warn", text: t("tools.notReady") };
}

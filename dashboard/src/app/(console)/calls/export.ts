/** Calls as files: made in the browser, from what the API answers. */
import type { Call } from "@/data/calls";

const COLUMNS = [
  "id",
  "agent_id",
  "source",
  "state",
  "caller",
  "called",
  "started_at",
  "answered_at",
  "ended_at",
  "outcome",
  "fallback_reason",
  "fallback_served",
] as const satisfies (keyof Call)[];

/** RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front, except for numbers. */
function cell(value: string | null): string {
  const text = value ?? "";
  const harmless = /^[=@\t\r]|^[+-](?!\d+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export function callsAsCsv(calls: Call[]): string {
  const rows = calls.map((call) => COLUMNS.map((column) => cell(call[column])).join(","));
  return [COLUMNS.join(","), ...rows, ""].join("\r\n");
}

export function download(name: string, type: "text/csv" | "application/json", text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

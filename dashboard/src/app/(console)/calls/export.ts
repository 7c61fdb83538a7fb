/** Calls as files: made in the browser, from what the API answers. */
import type { Call } from "@/data/calls";
import { secondsOf } from "./duration";

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

const FIGURES: Record<string, (call: Call) => string | undefined> = {
  seconds: (call) => (call.ended_at ? String(secondsOf(call, 0)) : undefined),
  cost: (call) => call.cost?.total.toString(),
  currency: (call) => call.cost?.currency,
};

/** RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front, except for numbers. */
function cell(value: string | null | undefined): string {
  const text = value ?? "";
  const harmless = /^[=@\t\r]|^[+-](?!\d+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export function callsAsCsv(calls: Call[]): string {
  const names = [...COLUMNS, ...Object.keys(FIGURES)];
  const valuesOf = (call: Call) => [
    ...COLUMNS.map((column) => call[column]),
    ...Object.values(FIGURES).map((figure) => figure(call)),
  ];
  const rows = calls.map((call) => valuesOf(call).map(cell).join(","));
  return [names.join(","), ...rows, ""].join("\r\n");
}

export function download(name: string, type: "text/csv" | "application/json", text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** A call's events as what people look at: turns, tool calls, notices, and the silences between them. */
import type { Call, CallEvent } from "@/data/calls";
import type { ToolCallName } from "@/data/tools";

export interface Turn {
  kind: "turn";
  id: string;
  /** Seconds since the call's start; of a caller's, the time in which a voice was heard. */
  start: number;
  end: number;
  /** Where it stands among the entries: noise on the line may make a voice seem to begin too early. */
  at: number;
  speaker: "caller" | "agent";
  text: string;
  interrupted: boolean;
}

export interface ToolCall {
  kind: "tool";
  id: string;
  start: number;
  end: number;
  name: string;
  ok: boolean;
  arguments: unknown;
  /** What the tool answered, or the sentence that says why it failed. */
  result: unknown;
}

export interface Notice {
  kind: "notice";
  id: string;
  start: number;
  text: string;
}

export type Entry = Turn | ToolCall | Notice;

export interface Silence {
  start: number;
  end: number;
}

export interface Story {
  entries: Entry[];
  silences: Silence[];
  /** Seconds from the call's start to the last thing that is known of it. */
  length: number;
}

/** Pauses in which nobody speaks belong to a conversation; longer ones are worth a look. */
const SILENCE_SECONDS = 3;

export function storyOf(call: Call, events: CallEvent[], toolCallName: ToolCallName): Story {
  const begin = Date.parse(call.started_at);
  const since = (moment: string) => Math.max(0, (Date.parse(moment) - begin) / 1000);
  const entries = events
    .map((event) => entryOf(event, since, toolCallName))
    .filter((entry) => entry !== undefined)
    .sort((one, other) => placeOf(one) - placeOf(other));
  const last = events.at(-1);
  const length = Math.max(call.ended_at ? since(call.ended_at) : 0, last ? since(last.at) : 0, 1);
  return { entries, silences: silencesOf(entries, call, since), length };
}

function placeOf(entry: Entry): number {
  return entry.kind === "turn" ? entry.at : entry.start;
}

function entryOf(
  event: CallEvent,
  since: (moment: string) => number,
  toolCallName: ToolCallName,
): Entry | undefined {
  const { id, data } = event;
  const at = since(event.at);
  switch (event.kind) {
    case "turn":
      return {
        kind: "turn",
        id,
        at,
        ...spokenIn(event, since),
        speaker: data["speaker"] === "caller" ? "caller" : "agent",
        text: String(data["text"]),
        interrupted: Boolean(data["interrupted"]),
      };
    case "tool_call":
      return {
        kind: "tool",
        id,
        // Written when it is done.
        start: Math.max(0, at - Number(data["milliseconds"]) / 1000),
        end: at,
        name: toolCallName(data),
        ok: Boolean(data["ok"]),
        arguments: data["arguments"],
        result: data["ok"] ? data["result"] : data["sentence"],
      };
    case "notice":
      return { kind: "notice", id, start: at, text: String(data["text"]) };
    default:
      return undefined;
  }
}

/** The words of a caller are written down after they were spoken; of an old call only that is known. */
function spokenIn({ at, data }: CallEvent, since: (moment: string) => number): { start: number; end: number } {
  if (data["voice_from"] && data["voice_until"])
    return { start: since(String(data["voice_from"])), end: since(String(data["voice_until"])) };
  return { start: since(at), end: since(at) + Number(data["seconds"] ?? 0) };
}

function silencesOf(entries: Entry[], call: Call, since: (moment: string) => number): Silence[] {
  if (!call.answered_at) return [];
  const silences: Silence[] = [];
  let quietSince = since(call.answered_at);
  for (const entry of [...entries].sort((one, other) => one.start - other.start)) {
    if (entry.kind === "notice") continue;
    if (entry.start - quietSince > SILENCE_SECONDS) silences.push({ start: quietSince, end: entry.start });
    quietSince = Math.max(quietSince, entry.end);
  }
  return silences;
}

import type { Call } from "@/data/calls";

/** Seconds between a call's start and its end, or until now while it goes on. */
export function secondsOf(call: Call, now: number): number {
  const end = call.ended_at ? Date.parse(call.ended_at) : now;
  return Math.max(0, (end - Date.parse(call.started_at)) / 1000);
}

export const isLive = (call: Call): boolean => call.state !== "ended";

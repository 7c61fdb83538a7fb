"use client";
/** Calls and minutes by day. */
import type { Schemas } from "@/api/client";
import { useRead } from "./hooks";
import { useTenant } from "./tenant";

export type UsageDay = Schemas["DayOut"];

/** From `first` to `last`, both days included (YYYY-MM-DD), in `time_zone`. */
export function useUsage(first: string, last: string, time_zone: string) {
  const tenant_id = useTenant().id;
  return useRead(["usage", tenant_id, first, last, time_zone], (api, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/usage", {
      params: { path: { tenant_id }, query: { first, last, time_zone } },
      signal,
    }),
  );
}

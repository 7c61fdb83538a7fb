"use client";
/** What belongs to the organisation as a whole. */
import type { Schemas } from "@/api/client";
import { useChange, useRead } from "./hooks";
import { useTenant } from "./tenant";

export type TenantSettings = Schemas["TenantSettingsOut"];

/** What a form edits of them. */
export type SettingsDraft = Pick<TenantSettings, "name" | "fallback_number" | "retention_days">;

export function useTenantSettings() {
  const tenant_id = useTenant().id;
  return useRead(["tenant-settings", tenant_id], (api, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}", { params: { path: { tenant_id } }, signal }),
  );
}

interface SettingsChange extends Pick<TenantSettings, "etag"> {
  changes: Partial<SettingsDraft>;
}

/** Some fields of one version; another version there by now is the error `changed_meanwhile`. */
export function useChangeTenantSettings() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { etag, changes }: SettingsChange) =>
      api.PATCH("/api/v1/tenants/{tenant_id}", {
        params: { path: { tenant_id }, header: { "If-Match": etag } },
        body: changes,
      }),
    [["tenant-settings", tenant_id], ["tenants"]],
  );
}

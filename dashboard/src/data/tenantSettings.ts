"use client";
/** What belongs to the organisation as a whole. */
import type { Schemas } from "@/api/client";
import { useChange, useRead } from "./hooks";
import { useTenant } from "./tenant";

export type TenantSettings = Schemas["TenantSettingsOut"];

export function useTenantSettings() {
  const tenant_id = useTenant().id;
  return useRead(["tenant-settings", tenant_id], (api, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}", { params: { path: { tenant_id } }, signal }),
  );
}

export function useChangeTenantSettings() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { etag, ...body }: Schemas["TenantPatch"] & { etag: string }) =>
      api.PATCH("/api/v1/tenants/{tenant_id}", {
        params: { path: { tenant_id }, header: { "If-Match": etag } },
        body,
      }),
    [["tenant-settings", tenant_id], ["tenants"]],
  );
}

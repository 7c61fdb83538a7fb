"use client";
/** Keys with which programs use the API. */
import type { Schemas } from "@/api/client";
import { useChange, usePages } from "./hooks";
import { useTenant } from "./tenant";

export type ApiKey = Schemas["ApiKeyOut"];
export type Scope = Schemas["Scope"];

export const SCOPES: Scope[] = [
  "agents:read",
  "agents:write",
  "numbers:read",
  "numbers:write",
  "calls:read",
  "calls:write",
  "audit:read",
];

export function useApiKeys() {
  const tenant_id = useTenant().id;
  return usePages(["api-keys", tenant_id], (api, cursor, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/api-keys", {
      params: { path: { tenant_id }, query: { limit: 100, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  );
}

export function useCreateApiKey() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { key, ...body }: Schemas["CreateApiKey"] & { key: string }) =>
      api.POST("/api/v1/tenants/{tenant_id}/api-keys", {
        params: { path: { tenant_id }, header: { "idempotency-key": key } },
        body,
      }),
    [["api-keys", tenant_id]],
  );
}

export function useRevokeApiKey() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { id: key_id }: Pick<ApiKey, "id">) =>
      api.DELETE("/api/v1/tenants/{tenant_id}/api-keys/{key_id}", { params: { path: { tenant_id, key_id } } }),
    [["api-keys", tenant_id]],
  );
}

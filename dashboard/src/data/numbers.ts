"use client";
/** Phone numbers of the deployment's account: which agent answers which. */
import type { Schemas } from "@/api/client";
import { useChange, usePages } from "./hooks";
import { useTenant } from "./tenant";

export type PhoneNumber = Schemas["NumberOut"];

export function useNumbers() {
  const tenant_id = useTenant().id;
  return usePages(["numbers", tenant_id], (api, cursor, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/numbers", {
      params: { path: { tenant_id }, query: { limit: 100, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  );
}

export function useAttachNumber() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { number, etag, agent_id }: Pick<PhoneNumber, "number" | "etag"> & { agent_id: string }) =>
      api.PUT("/api/v1/tenants/{tenant_id}/numbers/{number}", {
        params: { path: { tenant_id, number }, header: { "If-Match": etag } },
        body: { agent_id },
      }),
    [["numbers", tenant_id]],
  );
}

export function useDetachNumber() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { number, etag }: Pick<PhoneNumber, "number" | "etag">) =>
      api.DELETE("/api/v1/tenants/{tenant_id}/numbers/{number}", {
        params: { path: { tenant_id, number }, header: { "If-Match": etag } },
      }),
    [["numbers", tenant_id]],
  );
}

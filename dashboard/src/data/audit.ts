"use client";
/** Who changed what. */
import type { Schemas } from "@/api/client";
import { usePages } from "./hooks";
import { useTenant } from "./tenant";

export type AuditEntry = Schemas["AuditEntryOut"];
export type AuditAction = Schemas["AuditAction"];

/** Newest first; of one `subject`, such as `agents/front-desk`, when it is given. */
export function useAudit(subject?: string) {
  const tenant_id = useTenant().id;
  return usePages(["audit", tenant_id, subject ?? ""], (api, cursor, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/audit", {
      params: {
        path: { tenant_id },
        query: { limit: 50, ...(subject ? { subject } : {}), ...(cursor ? { cursor } : {}) },
      },
      signal,
    }),
  );
}

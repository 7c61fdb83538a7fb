"use client";
/** The tenant that the pages show, and what the person may do in it. */
import { createContext, useContext } from "react";
import type { Schemas } from "@/api/client";
import { useRead } from "./hooks";

export type Tenant = Schemas["TenantOut"];
export type Role = Schemas["Role"];

const RANK: Record<Role, number> = { viewer: 0, editor: 1, owner: 2 };

export const TenantContext = createContext<Tenant | undefined>(undefined);

export function useTenants() {
  return useRead(["tenants"], (api, signal) => api.GET("/api/v1/tenants", { signal }));
}

export function useTenant(): Tenant {
  const tenant = useContext(TenantContext);
  if (!tenant) throw new Error("useTenant outside of the console");
  return tenant;
}

/** Whether the signed-in person has `least` or more. The API decides; this only spares people a refusal. */
export function useMay(least: Role): boolean {
  return RANK[useTenant().role] >= RANK[least];
}

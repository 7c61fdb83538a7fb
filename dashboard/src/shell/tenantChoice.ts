/** Which of somebody's tenants is shown: the one that the address names, else the one looked at last. */
import type { Tenant } from "@/data/tenant";

const STORED = "trunkline.tenant";

export function chosenTenant(tenants: Tenant[], named: string | null): Tenant | undefined {
  const find = (id: string | null) => tenants.find((tenant) => tenant.id === id);
  return find(named) ?? find(localStorage.getItem(STORED)) ?? tenants[0];
}

export function rememberTenant(id: string): void {
  localStorage.setItem(STORED, id);
}

/** Loaded anew, so that nothing of one tenant stays on the screen or in the cache of the other. */
export const tenantAddress = (id: string): string => `/?tenant=${encodeURIComponent(id)}`;

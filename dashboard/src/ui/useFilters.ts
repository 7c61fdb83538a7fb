"use client";
/** Filters that live in the URL, so that a link, a reload and the back button keep them. */
import { usePathname, useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";

/**
 * `const [filters, setFilters] = useFilters(["q", "state"])`: values are "" when not given, and setting ""
 * takes one out of the URL. Other parameters stay.
 */
export function useFilters<Name extends string>(
  names: readonly Name[],
): [Record<Name, string>, (changed: Partial<Record<Name, string>>) => void] {
  const search = useSearchParams();
  const path = usePathname();
  const list = names.join();
  const filters = useMemo(
    () =>
      Object.fromEntries(list.split(",").map((name) => [name, search.get(name) ?? ""])) as Record<Name, string>,
    [search, list],
  );
  const set = useCallback(
    (changed: Partial<Record<Name, string>>) => {
      const next = new URLSearchParams(window.location.search);
      for (const [name, value] of Object.entries<string | undefined>(changed)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      const query = next.toString();
      window.history.replaceState(null, "", query ? `${path}?${query}` : path);
    },
    [path],
  );
  return [filters, set];
}

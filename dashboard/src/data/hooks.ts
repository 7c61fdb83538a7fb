"use client";
/** How pages read and change what the API holds: `useRead`, `usePages`, `useChange`, `useFile`. Errors are `ApiError`. */
import {
  keepPreviousData,
  type QueryKey,
  useInfiniteQuery,
  useMutation,
  type UseMutationResult,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from "@tanstack/react-query";
import { useRef } from "react";
import { useApi } from "@/api/ApiProvider";
import type { Api } from "@/api/client";
import type { ApiError } from "@/api/errors";

interface Answer<T> {
  data?: T;
}

interface ReadOptions {
  /** Ask again every so many milliseconds while the page is visible. */
  every?: number;
  enabled?: boolean;
}

/** One thing. `key` names it in the cache: `["agents", tenantId, …]`. */
export function useRead<T>(
  key: QueryKey,
  read: (api: Api, signal: AbortSignal) => Promise<Answer<T>>,
  options: ReadOptions = {},
): UseQueryResult<NonNullable<T>, ApiError> {
  const api = useApi();
  return useQuery<NonNullable<T>, ApiError>({
    queryKey: key,
    queryFn: async ({ signal }) => (await read(api, signal)).data as NonNullable<T>,
    refetchInterval: options.every ?? false,
    enabled: options.enabled ?? true,
  });
}

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** A list with cursors: all items so far, and how to get more. Changed filters keep the old items until the new ones are there. */
export function usePages<T>(
  key: QueryKey,
  read: (api: Api, cursor: string | undefined, signal: AbortSignal) => Promise<Answer<Page<T>>>,
  options: ReadOptions = {},
) {
  const api = useApi();
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: async ({ pageParam, signal }) =>
      (await read(api, pageParam ?? undefined, signal)).data as Page<T>,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: options.every ?? false,
    enabled: options.enabled ?? true,
  });
  return {
    ...query,
    data: query.data?.pages.flatMap((page) => page.items),
    error: query.error as ApiError | null,
    more: query.hasNextPage ? () => void query.fetchNextPage() : undefined,
  };
}

/**
 * A change; afterwards everything whose key starts with one of `refreshes` is read again: also when it was refused because
 * of what is there by now, or when the API broke off, for it may have been done by then.
 */
export function useChange<Input, Output = unknown>(
  change: (api: Api, input: Input) => Promise<Answer<Output>>,
  refreshes: QueryKey[],
): UseMutationResult<Output | undefined, ApiError, Input> {
  const api = useApi();
  const queries = useQueryClient();
  const refresh = () => Promise.all(refreshes.map((queryKey) => queries.invalidateQueries({ queryKey })));
  return useMutation<Output | undefined, ApiError, Input>({
    mutationFn: async (input) => (await change(api, input)).data,
    onSuccess: async () => {
      await refresh();
    },
    onError: async (error) => {
      if (!error.isOutdated) return;
      const refreshed = refresh();
      // What is gone is off the page before its dialog closes, which then gives the focus to what stays.
      if (error.kind === "not_found") await refreshed;
    },
  });
}

/** A file, read when it is wanted. It comes with the member's sign-in, so a plain address would not do. */
export function useFile<Input>(read: (api: Api, input: Input) => Promise<Answer<Blob>>): (input: Input) => Promise<Blob> {
  const api = useApi();
  return async (input) => {
    const { data } = await read(api, input);
    if (data === undefined) throw new Error("a success without a body");
    return data;
  };
}

/**
 * One `Idempotency-Key` for one intention: the same for every attempt until `done` is called, so that a request
 * whose answer got lost creates nothing twice.
 */
export function useIdempotencyKey(): { key: () => string; done: () => void } {
  const current = useRef<string | undefined>(undefined);
  return {
    key: () => (current.current ??= crypto.randomUUID()),
    done: () => {
      current.current = undefined;
    },
  };
}

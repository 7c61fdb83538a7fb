"use client";
/** The API's client and the cache in front of it, for every page below. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { useConfig, useSession, useSessionState } from "@/session/SessionProvider";
import { type Api, createApi } from "./client";
import { ApiError } from "./errors";

const ApiContext = createContext<Api | undefined>(undefined);
const RETRIES = 2;
const STALE_MILLISECONDS = 10_000;

export function ApiProvider({ children }: { children: ReactNode }) {
  const config = useConfig();
  const session = useSession();
  const state = useSessionState();
  const [api] = useState(() => watched(createApi(config.apiUrl, () => {
    const token = session.token();
    if (token === undefined) throw new ApiError("unauthenticated", undefined, undefined);
    return token;
  }), () => session.rejected()));
  const [queries] = useState(createQueryClient);
  // Somebody signed in again: what failed meanwhile is asked for once more.
  useEffect(() => {
    if (state === "signed-in") void queries.invalidateQueries();
  }, [state, queries]);
  return (
    <ApiContext value={api}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </ApiContext>
  );
}

export function useApi(): Api {
  const api = useContext(ApiContext);
  if (!api) throw new Error("useApi outside of ApiProvider");
  return api;
}

function watched(api: Api, onRejected: () => void): Api {
  api.use({
    onResponse({ response }) {
      if (response.status === 401) onRejected();
    },
  });
  return api;
}

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A browser that is offline is told at once; waiting without a word looks like a broken page.
        networkMode: "always",
        staleTime: STALE_MILLISECONDS,
        retry: (failures, error) => failures < RETRIES && error instanceof ApiError && error.isPassing,
        retryDelay: (failures, error) =>
          error instanceof ApiError && error.retryAfterSeconds
            ? Math.min(error.retryAfterSeconds, 10) * 1000
            : 500 * 2 ** failures,
      },
      mutations: { networkMode: "always" },
    },
  });
}

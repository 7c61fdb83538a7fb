/** The API, typed by its own description: paths, parameters, bodies and answers are checked when compiled. */
import createClient, { type Client } from "openapi-fetch";
import { errorOf, offline } from "./errors";
import type { components, paths } from "./schema";

/** Longer than the longest wait for a call's events, which the API answers by itself. */
const TIMEOUT_MILLISECONDS = 40_000;

export type Api = Client<paths>;
export type Schemas = components["schemas"];

/**
 * `baseUrl` is the API's origin, such as https://api.example.com. `token` is asked before each request, since
 * ID tokens expire; it returns an ID token or an API key. Whatever is not a success is thrown as `ApiError`.
 */
export function createApi(baseUrl: string, token: () => string | Promise<string>): Api {
  const api = createClient<paths>({ baseUrl });
  api.use({
    async onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${await token()}`);
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]);
      return new Request(request, { signal });
    },
    async onResponse({ response }) {
      if (!response.ok) throw await errorOf(response);
    },
    onError({ error }) {
      return error instanceof DOMException && error.name === "AbortError" ? undefined : offline();
    },
  });
  return api;
}

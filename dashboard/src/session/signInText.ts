import type { TextFunction } from "@/texts/TextProvider";

/** Why somebody could not be signed in, from whatever signing in has thrown. */
export function signInText(error: unknown, t: TextFunction): string {
  // Nothing answered: what `fetch` says of that is each browser's own, and nobody's language.
  if (error instanceof TypeError) return t("common.errorOffline");
  return t("session.failedText", { reason: error instanceof Error ? error.message : String(error) });
}

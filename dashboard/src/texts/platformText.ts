/** What the platform wrote in English, in the person's language. */
import { en } from "./en";
import type { TextFunction } from "./TextProvider";

type Key = keyof typeof en.platform;

const KEYS = new Map(Object.entries(en.platform).map(([key, sentence]) => [sentence as string, key as Key]));

interface Said {
  text: string;
  /** Of a sentence that this build does not know: it stays as it was written. */
  lang: "en" | undefined;
}

export function platformText(written: string, t: TextFunction): Said {
  const key = KEYS.get(written);
  return key ? { text: t(`platform.${key}`), lang: undefined } : { text: written, lang: "en" };
}

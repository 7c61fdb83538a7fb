"use client";
/** The chosen language: `useText()` gives its texts, `useLocale()` and `useFormat()` what Intl needs. */
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Catalogue, Message, Parameters, TextKey } from "./catalogue";
import { en } from "./en";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const STORED = "trunkline.language";
const OTHERS: Record<Exclude<Language, "en">, () => Promise<Catalogue>> = {
  de: async () => (await import("./de")).de,
};

interface Texts {
  language: Language;
  catalogue: Catalogue;
  choose: (language: Language) => void;
}

const TextContext = createContext<Texts>({ language: "en", catalogue: en, choose: () => undefined });

interface TextProviderProps {
  /** Until the language is known: what an exported page shows, and nobody has to read. */
  fallback: ReactNode;
  children: ReactNode;
}

export function TextProvider({ fallback, children }: TextProviderProps) {
  const [loaded, setLoaded] = useState<Omit<Texts, "choose">>();
  const choose = async (language: Language) => {
    const catalogue = language === "en" ? en : await OTHERS[language]().catch(() => undefined);
    // Without the other language's file, English is better than nothing.
    setLoaded(catalogue ? { language, catalogue } : { language: "en", catalogue: en });
    document.documentElement.lang = catalogue ? language : "en";
  };
  useEffect(() => void choose(preferred()), []);
  if (!loaded) return fallback;
  const texts: Texts = {
    ...loaded,
    choose: (language) => {
      localStorage.setItem(STORED, language);
      void choose(language);
    },
  };
  return <TextContext value={texts}>{children}</TextContext>;
}

export type TextFunction = <K extends TextKey>(key: K, ...parameters: Parameters<K>) => string;

export function useText(): TextFunction {
  const { catalogue } = useContext(TextContext);
  const locale = useLocale();
  return useMemo(() => textsOf(catalogue, locale), [catalogue, locale]);
}

export function useLanguage(): Pick<Texts, "language" | "choose"> {
  return useContext(TextContext);
}

/** The browser's own regional variant of the chosen language, such as en-GB, else the language. */
export function useLocale(): string {
  const { language } = useContext(TextContext);
  return useMemo(() => {
    if (typeof navigator === "undefined") return language;
    return navigator.languages.find((one) => one.split("-")[0] === language) ?? language;
  }, [language]);
}

function preferred(): Language {
  const known = (text: string | null | undefined): text is Language => Boolean(text && text in LANGUAGES);
  const stored = localStorage.getItem(STORED);
  if (known(stored)) return stored;
  return navigator.languages.map((one) => one.split("-")[0]).find(known) ?? "en";
}

function textsOf(catalogue: Catalogue, locale: string): TextFunction {
  const plurals = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  return (key, ...[parameters]) => {
    const [section, name] = key.split(".") as [keyof Catalogue, never];
    const message = catalogue[section][name] as Message;
    const given = (parameters ?? {}) as Record<string, string | number>;
    const one = typeof message === "string" || plurals.select(Number(given["count"])) === "one";
    const text = typeof message === "string" ? message : one ? message.one : message.other;
    return text.replace(/\{(\w+)\}/g, (_, parameter: string) => {
      const value = given[parameter] ?? "";
      return typeof value === "number" ? numbers.format(value) : value;
    });
  };
}

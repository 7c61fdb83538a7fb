/**
 * What a catalogue of texts is. English is the pattern: another language has exactly its keys, and a text with
 * `{name}` needs exactly that parameter. Both are checked when compiled.
 */
import type { en } from "./en";

/** Chosen by `count` through Intl.PluralRules; `{count}` inside is formatted as a number. */
export interface Plural {
  one: string;
  other: string;
}

export type Message = string | Plural;

type Sections = typeof en;
type SectionName = keyof Sections & string;

export type TextKey = { [S in SectionName]: `${S}.${keyof Sections[S] & string}` }[SectionName];

type MessageAt<K extends TextKey> = K extends `${infer S}.${infer N}`
  ? S extends SectionName
    ? N extends keyof Sections[S]
      ? Sections[S][N]
      : never
    : never
  : never;

type Names<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type ParameterNames<M> = M extends string ? Names<M> : M extends Plural ? "count" | Names<M["other"]> : never;

/** The arguments after the key: none for a text without parameters. */
export type Parameters<K extends TextKey> = [ParameterNames<MessageAt<K>>] extends [never]
  ? []
  : [Record<ParameterNames<MessageAt<K>>, string | number>];

/** What another language has to provide. */
export type Catalogue = {
  [S in SectionName]: { [N in keyof Sections[S]]: Sections[S][N] extends string ? string : Plural };
};

/** Languages that agents speak, as tags; people read their names from Intl. */

/** https://ai.google.dev/gemini-api/docs/live-guide#supported-languages */
const SPOKEN = [
  "ar-EG", "bn-IN", "de-DE", "en-AU", "en-GB", "en-IN", "en-US", "es-ES", "es-US", "fr-CA", "fr-FR", "gu-IN",
  "hi-IN", "id-ID", "it-IT", "ja-JP", "kn-IN", "ko-KR", "ml-IN", "mr-IN", "nl-NL", "pl-PL", "pt-BR", "ru-RU",
  "ta-IN", "te-IN", "th-TH", "tr-TR", "vi-VN",
];

/** With `current`, which somebody may have set through the API; by name. */
export function spokenLanguages(current: string, nameOf: (tag: string) => string): [tag: string, name: string][] {
  const tags = SPOKEN.includes(current) ? SPOKEN : [...SPOKEN, current];
  return tags
    .map((tag): [string, string] => [tag, nameOf(tag)])
    .sort(([, one], [, other]) => one.localeCompare(other));
}

/** The one to begin with, for somebody who reads `locale`. */
export function likelyLanguage(locale: string): string {
  const [language] = locale.split("-");
  return SPOKEN.find((tag) => tag === locale) ?? SPOKEN.find((tag) => tag.split("-")[0] === language) ?? "en-US";
}

/** IANA names by their first part, such as Europe; `current` is among them. */
export function timeZones(current: string): [area: string, names: string[]][] {
  const names = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", current]);
  const areas = new Map<string, string[]>();
  for (const name of [...names].sort()) {
    const area = name.includes("/") ? name.slice(0, name.indexOf("/")) : "";
    areas.set(area, [...(areas.get(area) ?? []), name]);
  }
  return [...areas];
}

export const browserTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

"use client";
/** Dates, numbers and durations by the user's locale; times in the browser's time zone unless another is given. */
import { useMemo } from "react";
import { useLocale } from "./TextProvider";

type Moment = string | number | Date;

export interface Format {
  date: (moment: Moment, timeZone?: string) => string;
  time: (moment: Moment, timeZone?: string) => string;
  dateTime: (moment: Moment, timeZone?: string) => string;
  /** “3 minutes ago”, “in 2 days”. */
  relative: (moment: Moment, now?: number) => string;
  number: (value: number, options?: Intl.NumberFormatOptions) => string;
  /** Of seconds: “1 min 5 sec”. */
  duration: (seconds: number) => string;
  /** “a, b and c” */
  list: (items: string[]) => string;
  /** A language tag's or region's own name: “de-DE” → “German (Germany)”. */
  languageName: (tag: string) => string;
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

export function useFormat(): Format {
  const locale = useLocale();
  return useMemo(() => formatFor(locale), [locale]);
}

function formatFor(locale: string): Format {
  const dates = (options: Intl.DateTimeFormatOptions) => (moment: Moment, timeZone?: string) =>
    new Intl.DateTimeFormat(locale, timeZone ? { ...options, timeZone } : options).format(new Date(moment));
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
  return {
    date: dates({ dateStyle: "medium" }),
    time: dates({ timeStyle: "short" }),
    dateTime: dates({ dateStyle: "medium", timeStyle: "short" }),
    relative: (moment, now = Date.now()) => {
      const seconds = (new Date(moment).getTime() - now) / 1000;
      const [name, length] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
      const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
      return format.format(Math.round(seconds / length), name);
    },
    number: (value, options) => new Intl.NumberFormat(locale, options).format(value),
    duration: (seconds) => {
      const whole = Math.round(seconds);
      const parts: [number, string][] = [
        [Math.floor(whole / 3600), "hour"],
        [Math.floor((whole % 3600) / 60), "minute"],
        [whole % 60, "second"],
      ];
      const shown = parts.filter(([value]) => value > 0);
      return (shown.length ? shown : [[0, "second"] as [number, string]])
        .map(([value, name]) => unit(value, name))
        .join(" ");
    },
    list: (items) => new Intl.ListFormat(locale, { type: "conjunction" }).format(items),
    languageName: (tag) => new Intl.DisplayNames(locale, { type: "language" }).of(tag) ?? tag,
  };
}

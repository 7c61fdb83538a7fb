/** Opening hours as an editor needs them: by day of the week, Monday first. */
import type { Schemas } from "@/api/client";
import { WEEKDAYS, weekdayName } from "@/texts/weekdays";

export type Span = Schemas["OpeningHours"];

export const WORKING_DAYS: readonly number[] = WEEKDAYS.slice(0, 5);

/** Nine to five from Monday to Friday. */
export const OFFICE_HOURS: Span[] = WORKING_DAYS.map((weekday) => ({ weekday, opens: "09:00", closes: "17:00" }));

/** “9:00 AM” of "09:00"; "24:00" is the midnight at the day's end. */
function clockText(clock: string, locale: string): string {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  const time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", timeZone: "UTC" });
  return time.format(Date.UTC(2024, 0, 1, hours % 24, minutes));
}

export type SpanProblem = "order" | "overlap";

/** What is wrong with each span, by its place in the list. */
export function spanProblems(spans: readonly Span[]): Map<number, SpanProblem> {
  const problems = new Map<number, SpanProblem>();
  spans.forEach((span, index) => {
    if (span.closes <= span.opens) problems.set(index, "order");
    const overlaps = spans.some(
      (other, place) =>
        place < index && other.weekday === span.weekday && other.opens < span.closes && span.opens < other.closes,
    );
    if (overlaps) problems.set(index, "overlap");
  });
  return problems;
}

/** The spans with those of `from` on the days `to` as well, in place of what was there. */
export function copiedDay(spans: readonly Span[], from: number, to: readonly number[]): Span[] {
  const pattern = spans.filter(({ weekday }) => weekday === from);
  const kept = spans.filter(({ weekday }) => weekday === from || !to.includes(weekday));
  const copies = to.filter((weekday) => weekday !== from).flatMap((weekday) => pattern.map((span) => ({ ...span, weekday })));
  return sorted([...kept, ...copies]);
}

const sorted = (spans: readonly Span[]): Span[] =>
  [...spans].sort((one, other) => one.weekday - other.weekday || one.opens.localeCompare(other.opens));

/** Another span of a day: after the last one, as far as the day goes. */
export function nextSpan(spans: readonly Span[], weekday: number): Span {
  const last = spans.filter((span) => span.weekday === weekday).map((span) => span.closes).sort().at(-1);
  if (last === undefined) return { weekday, opens: "09:00", closes: "17:00" };
  const hour = Number(last.slice(0, 2));
  const clock = (value: number) => `${String(Math.min(value, 24)).padStart(2, "0")}:00`;
  return hour >= 23 ? { weekday, opens: "23:00", closes: "24:00" } : { weekday, opens: clock(hour + 1), closes: clock(hour + 3) };
}

/** Days with the same spans together: “Mon–Fri 9:00 AM–5:00 PM”, one text each; none for a closed week. */
export function hoursTexts(spans: readonly Span[], locale: string): string[] {
  const textOf = (weekday: number) =>
    sorted(spans.filter((span) => span.weekday === weekday))
      .map(({ opens, closes }) => `${clockText(opens, locale)}–${clockText(closes, locale)}`)
      .join(", ");
  const groups: { first: number; last: number; text: string }[] = [];
  for (const weekday of WEEKDAYS) {
    const text = textOf(weekday);
    const before = groups.at(-1);
    if (before?.text === text) before.last = weekday;
    else groups.push({ first: weekday, last: weekday, text });
  }
  const name = (weekday: number) => weekdayName(weekday, locale, "short");
  return groups
    .filter(({ text }) => text)
    .map(({ first, last, text }) => `${first === last ? name(first) : `${name(first)}–${name(last)}`} ${text}`);
}

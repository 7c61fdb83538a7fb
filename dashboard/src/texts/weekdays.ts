export const WEEKDAYS = [0, 1, 2, 3, 4, 5, 6] as const;

const MONDAY = Date.UTC(2024, 0, 1);
const DAY_MILLISECONDS = 86_400_000;

/** 0 is Monday, as the API has it. */
export function weekdayName(weekday: number, locale: string, width: "long" | "short" = "long"): string {
  const name = new Intl.DateTimeFormat(locale, { weekday: width, timeZone: "UTC" });
  return name.format(MONDAY + weekday * DAY_MILLISECONDS);
}

/** Days as the API writes them: YYYY-MM-DD, in the browser's time zone. */
export const DAY_MILLISECONDS = 86_400_000;

export function dayOf(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Whether there is such a day. A year with five digits, as it comes up while one is typed, has none. */
export function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

/** The last `count` days, today included. */
export function mostRecent(count: number, today: Date = new Date()): { first: string; last: string } {
  const start = new Date(today.getFullYear(), today.getMonth(), today.getDate() - count + 1);
  return { first: dayOf(start), last: dayOf(today) };
}

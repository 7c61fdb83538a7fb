/** What somebody typed as a time of day → “HH:MM”; what makes no sense stays as it is, for the form to refuse. */
export function clockTime(typed: string): string {
  const match = /^\s*(\d{1,2})(?:[:.h ]?([0-5]\d))?\s*(am|pm|a\.m\.|p\.m\.|uhr)?\s*$/i.exec(typed);
  if (!match) return typed;
  const half = match[3]?.[0]?.toLowerCase();
  let hour = Number(match[1]);
  if (half === "p" && hour < 12) hour += 12;
  if (half === "a" && hour === 12) hour = 0;
  return `${String(hour).padStart(2, "0")}:${match[2] ?? "00"}`;
}

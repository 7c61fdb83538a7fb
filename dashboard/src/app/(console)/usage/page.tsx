"use client";
import { ChartColumn } from "lucide-react";
import { useState } from "react";
import { type UsageDay, useUsage } from "@/data/usage";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { DAY_MILLISECONDS, dayOf, isDay, mostRecent } from "@/ui/days";
import { TextField } from "@/ui/form";
import { PageHeader, Table, Toolbar } from "@/ui/layout";
import { EmptyState, Loaded, RowsSkeleton } from "@/ui/states";
import { useFilters } from "@/ui/useFilters";
import { BarChart } from "./BarChart";
import styles from "./usage.module.css";

const SHOWN_DAYS = 30;
const MOST_DAYS = 92;

export default function UsagePage() {
  const t = useText();
  const [filters, setFilters] = useFilters(["first", "last"]);
  const [recent] = useState(() => mostRecent(SHOWN_DAYS));
  const first = isDay(filters.first) ? filters.first : recent.first;
  const last = isDay(filters.last) ? filters.last : recent.last;
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MILLISECONDS + 1;
  const problem = days < 1 ? t("usage.wrongOrder") : days > MOST_DAYS ? t("usage.tooLong", { days: MOST_DAYS }) : undefined;
  return (
    <>
      <PageHeader title={t("usage.title")} intro={t("usage.intro")} />
      <Toolbar>
        <TextField
          type="date"
          label={t("usage.first")}
          value={first}
          max={dayOf(new Date())}
          onChange={(event) => isDay(event.target.value) && setFilters({ first: event.target.value })}
          required
        />
        <TextField
          type="date"
          label={t("usage.last")}
          error={problem}
          value={last}
          max={dayOf(new Date())}
          onChange={(event) => isDay(event.target.value) && setFilters({ last: event.target.value })}
          required
        />
      </Toolbar>
      {!problem && <Figures first={first} last={last} />}
    </>
  );
}

function Figures({ first, last }: { first: string; last: string }) {
  const usage = useUsage(first, last, Intl.DateTimeFormat().resolvedOptions().timeZone);
  return (
    <Loaded query={usage} skeleton={<RowsSkeleton />}>
      {({ items }) => <Charts days={items} />}
    </Loaded>
  );
}

function Charts({ days }: { days: UsageDay[] }) {
  const t = useText();
  const format = useFormat();
  const calls = days.reduce((sum, day) => sum + day.calls, 0);
  const seconds = days.reduce((sum, day) => sum + day.agent_seconds, 0);
  // A day is a date, not a moment: it must not slip into the day before.
  const dayName = (day: string) => format.date(`${day}T12:00:00Z`, "UTC");
  const bars = (value: (day: UsageDay) => number, shown: (value: number) => string) =>
    days.map((day) => ({ key: day.day, label: dayName(day.day), value: value(day), shown: shown(value(day)) }));
  if (calls === 0) return <EmptyState icon={ChartColumn} title={t("usage.emptyTitle")} text={t("usage.emptyText")} />;
  return (
    <>
      <p role="status" className={styles["total"]}>
        {t("usage.total")}: {t("usage.callsTotal", { count: calls })}, {format.duration(seconds)}
      </p>
      <BarChart title={t("usage.callsChart")} bars={bars((day) => day.calls, format.number)} />
      <BarChart
        title={t("usage.minutesChart")}
        bars={bars((day) => day.agent_seconds / 60, (minutes) => format.duration(minutes * 60))}
      />
      <details className={styles["figures"]}>
        <summary>{t("usage.figures")}</summary>
        <Table
          caption={t("usage.figures")}
          columns={[t("usage.day"), t("usage.calls"), t("usage.minutes")]}
          rows={days.map((day) => ({
            key: day.day,
            cells: [dayName(day.day), format.number(day.calls), format.duration(day.agent_seconds)],
          }))}
          compact
        />
      </details>
    </>
  );
}

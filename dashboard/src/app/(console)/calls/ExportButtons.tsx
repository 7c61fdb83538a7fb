"use client";
import { Download } from "lucide-react";
import { useState } from "react";
import { type ApiError, asApiError } from "@/api/errors";
import { type CallFilters, useReadAllCalls } from "@/data/calls";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { InlineError } from "@/ui/states";
import { useToast } from "@/ui/Toasts";
import styles from "./calls.module.css";
import { callsAsCsv, download } from "./export";

/** All calls that the filters leave, on however many pages. */
export function ExportButtons({ filters }: { filters: CallFilters }) {
  const t = useText();
  const toast = useToast();
  const readAll = useReadAllCalls();
  const [busy, setBusy] = useState<"csv" | "json">();
  const [error, setError] = useState<ApiError | null>(null);
  const save = async (kind: "csv" | "json") => {
    setBusy(kind);
    setError(null);
    try {
      const calls = await readAll(filters);
      if (kind === "csv") download("calls.csv", "text/csv", callsAsCsv(calls));
      else download("calls.json", "application/json", JSON.stringify(calls, null, 2));
      toast(t("calls.exported", { count: calls.length }));
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <div role="group" aria-label={t("calls.export")} className={styles["export"]}>
      <Button busy={busy === "csv"} onClick={() => void save("csv")}>
        <Download aria-hidden />
        {t("calls.exportCsv")}
      </Button>
      <Button busy={busy === "json"} onClick={() => void save("json")}>
        <Download aria-hidden />
        {t("calls.exportJson")}
      </Button>
      <InlineError error={error} />
    </div>
  );
}

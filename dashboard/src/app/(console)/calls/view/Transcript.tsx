"use client";
import { useFormat } from "@/texts/format";
import { platformText } from "@/texts/platformText";
import { useText } from "@/texts/TextProvider";
import { Badge } from "@/ui/layout";
import { cx } from "@/ui/cx";
import type { Entry, ToolCall } from "./story";
import styles from "./view.module.css";

interface TranscriptProps {
  entries: Entry[];
  marked: string | undefined;
  onMark: (id: string | undefined) => void;
}

export function Transcript({ entries, marked, onMark }: TranscriptProps) {
  const t = useText();
  const format = useFormat();
  if (entries.length === 0) return <p>{t("calls.transcriptEmpty")}</p>;
  return (
    <ol className={styles["transcript"]} aria-label={t("calls.transcript")}>
      {entries.map((entry) => (
        <li
          key={entry.id}
          className={cx(styles["line"], marked === entry.id && styles["markedLine"])}
          onMouseEnter={() => onMark(entry.id)}
          onMouseLeave={() => onMark(undefined)}
        >
          <span className={styles["when"]}>{format.duration(entry.start)}</span>
          <div>
            {entry.kind === "turn" && (
              <>
                <strong>{t(`calls.${entry.speaker}`)}</strong>{" "}
                {entry.interrupted && <Badge tone="warn">{t("calls.interrupted")}</Badge>}
                <p>{entry.text}</p>
              </>
            )}
            {entry.kind === "tool" && <Tool tool={entry} />}
            {entry.kind === "notice" && <Notice written={entry.text} />}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Notice({ written }: { written: string }) {
  const { text, lang } = platformText(written, useText());
  return (
    <p className={styles["notice"]} lang={lang}>
      {text}
    </p>
  );
}

function Tool({ tool }: { tool: ToolCall }) {
  const t = useText();
  return (
    <details className={styles["call"]}>
      <summary>
        {t("calls.tool", { name: tool.name, result: t(tool.ok ? "calls.toolOk" : "calls.toolFailed") })}
      </summary>
      <h4>{t("calls.arguments")}</h4>
      <pre tabIndex={0}>{JSON.stringify(tool.arguments, null, 2)}</pre>
      <h4>{t("calls.result")}</h4>
      <pre tabIndex={0}>
        {typeof tool.result === "string" ? tool.result : JSON.stringify(tool.result, null, 2)}
      </pre>
    </details>
  );
}

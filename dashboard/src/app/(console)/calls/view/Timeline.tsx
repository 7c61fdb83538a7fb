"use client";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { cx } from "@/ui/cx";
import type { Entry, Story } from "./story";
import styles from "./view.module.css";

interface TimelineProps {
  story: Story;
  /** The entry that is pointed at, here or in the transcript. */
  marked: string | undefined;
  onMark: (id: string | undefined) => void;
}

const WIDTH = 1000;
const LANE = 34;
const LANES = ["caller", "agent", "tools"] as const;
/** So that the shortest word can still be pointed at. */
const LEAST_WIDTH = 5;

/** Who spoke when, on one axis of time. Each piece can be reached with the keyboard and says what it is. */
export function Timeline({ story, marked, onMark }: TimelineProps) {
  const t = useText();
  const format = useFormat();
  const x = (seconds: number) => (seconds / story.length) * WIDTH;
  const width = (start: number, end: number) => Math.max(x(end) - x(start), LEAST_WIDTH);
  const clock = (seconds: number) => format.duration(seconds);
  const describe = (entry: Exclude<Entry, { kind: "notice" }>) => {
    const seconds = format.duration(entry.end - entry.start);
    return entry.kind === "turn"
      ? t("calls.segment", { who: t(`calls.${entry.speaker}`), start: clock(entry.start), seconds, text: entry.text })
      : t("calls.toolSegment", { name: entry.name, start: clock(entry.start), seconds });
  };
  const laneOf = (entry: Entry) => (entry.kind === "turn" ? LANES.indexOf(entry.speaker) : LANES.indexOf("tools"));
  return (
    <figure className={styles["timeline"]}>
      <figcaption className="visually-hidden">{t("calls.timelineText")}</figcaption>
      <div className={styles["lanes"]}>
        <ul className={styles["names"]} aria-hidden>
          {LANES.map((lane) => (
            <li key={lane}>{t(`calls.${lane}`)}</li>
          ))}
        </ul>
        <svg viewBox={`0 0 ${WIDTH} ${LANES.length * LANE}`} preserveAspectRatio="none" role="group" aria-label={t("calls.timeline")}>
          {LANES.map((lane, index) => (
            <line key={lane} className={styles["rule"]} x1={0} x2={WIDTH} y1={(index + 1) * LANE} y2={(index + 1) * LANE} />
          ))}
          {story.silences.map(({ start, end }) => (
            <rect
              key={start}
              className={styles["silence"]}
              x={x(start)}
              y={0}
              width={width(start, end)}
              height={LANE * 2}
              role="img"
              aria-label={t("calls.silenceSegment", { start: clock(start), seconds: format.duration(end - start) })}
            />
          ))}
          {story.entries.map((entry) =>
            entry.kind === "notice" ? null : (
              <rect
                key={entry.id}
                className={cx(
                  styles["piece"],
                  entry.kind === "tool" ? styles[entry.ok ? "tool" : "failed"] : styles[entry.speaker],
                  entry.kind === "turn" && entry.interrupted && styles["interrupted"],
                  marked === entry.id && styles["marked"],
                )}
                x={x(entry.start)}
                y={laneOf(entry) * LANE + 5}
                width={width(entry.start, entry.end)}
                height={LANE - 10}
                rx={3}
                role="img"
                aria-label={describe(entry)}
                tabIndex={0}
                onMouseEnter={() => onMark(entry.id)}
                onMouseLeave={() => onMark(undefined)}
                onFocus={() => onMark(entry.id)}
                onBlur={() => onMark(undefined)}
              />
            ),
          )}
        </svg>
        <div className={styles["axis"]} aria-hidden>
          <span>{clock(0)}</span>
          <span>{clock(story.length / 2)}</span>
          <span>{clock(story.length)}</span>
        </div>
      </div>
      <ul className={styles["legend"]} aria-hidden>
        <li className={styles["keyCaller"]}>{t("calls.caller")}</li>
        <li className={styles["keyAgent"]}>{t("calls.agent")}</li>
        <li className={styles["keyTool"]}>{t("calls.tools")}</li>
        <li className={styles["keyInterrupted"]}>{t("calls.interrupted")}</li>
        <li className={styles["keySilence"]}>{t("calls.silences")}</li>
      </ul>
    </figure>
  );
}

import { useId } from "react";
import styles from "./usage.module.css";

interface Bar {
  key: string;
  label: string;
  value: number;
  /** The value, as it is read out and shown. */
  shown: string;
}

const HEIGHT = 160;
const STEP = 24;
const BAR = 16;

/** One bar a day. Screen readers get the table below it; each bar says its day and value when pointed at. */
export function BarChart({ title, bars }: { title: string; bars: Bar[] }) {
  const id = useId();
  const most = Math.max(...bars.map(({ value }) => value)) || 1;
  const highest = bars.find(({ value }) => value === most);
  const width = bars.length * STEP;
  return (
    <figure className={styles["chart"]}>
      <figcaption id={id}>{title}</figcaption>
      <div className={styles["plot"]}>
        <span className={styles["scale"]} aria-hidden>
          {highest?.shown ?? ""}
        </span>
        <svg viewBox={`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-labelledby={id}>
          {bars.map(({ key, label, value, shown }, index) => {
            const height = (value / most) * HEIGHT;
            return (
              <g key={key}>
                <title>{`${label}: ${shown}`}</title>
                <rect className={styles["hit"]} x={index * STEP} y={0} width={STEP} height={HEIGHT} />
                <rect
                  className={styles["bar"]}
                  x={index * STEP + (STEP - BAR) / 2}
                  y={HEIGHT - height}
                  width={BAR}
                  height={height}
                />
              </g>
            );
          })}
        </svg>
        <div className={styles["axis"]} aria-hidden>
          <span>{bars[0]?.label}</span>
          <span>{bars.at(-1)?.label}</span>
        </div>
      </div>
    </figure>
  );
}

/** What pages are composed of: header, cards, tables, badges, lists of facts. */
import type { ReactNode } from "react";
import { cx } from "./cx";
import styles from "./layout.module.css";

interface PageHeaderProps {
  title: string;
  intro?: string;
  /** Buttons, at the side. */
  children?: ReactNode;
}

/** The page's only h1, which is also the document's title. */
export function PageHeader({ title, intro, children }: PageHeaderProps) {
  return (
    <header className={styles["header"]}>
      <title>{`${title} · Trunkline`}</title>
      <div>
        <h1>{title}</h1>
        {intro && <p className={styles["intro"]}>{intro}</p>}
      </div>
      {children && <div className={styles["actions"]}>{children}</div>}
    </header>
  );
}

export function Card({ children, className }: { children: ReactNode; className?: string | undefined }) {
  return <section className={cx(styles["card"], className)}>{children}</section>;
}

/** A list of cards that fills the width; children are `<li>`. */
export function CardGrid({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul className={styles["cards"]} aria-label={label}>
      {children}
    </ul>
  );
}

/** Search and filters above a list. */
export function Toolbar({ children }: { children: ReactNode }) {
  return <div className={styles["toolbar"]}>{children}</div>;
}

export type Tone = "plain" | "good" | "warn" | "danger" | "accent";

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={cx(styles["badge"], tone !== "plain" && styles[tone])}>{children}</span>;
}

/** Names and values. */
export function Facts({ items }: { items: [name: string, value: ReactNode][] }) {
  return (
    <dl className={styles["facts"]}>
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface TableProps {
  /** What it lists, for screen readers. */
  caption: string;
  columns: ReactNode[];
  /** `<tr>` elements. */
  children: ReactNode;
}

/** Scrolls sideways by itself when it is wider than the screen. */
export function Table({ caption, columns, children }: TableProps) {
  return (
    <div className={styles["tableScroll"]} role="region" aria-label={caption} tabIndex={0}>
      <table className={styles["table"]}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={index} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

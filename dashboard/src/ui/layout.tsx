/** What pages are composed of: header, cards, tables, badges, lists of facts. */
import { type ReactNode, useId } from "react";
import { Button } from "./Button";
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

interface RowAction {
  text: string;
  onPress: () => void;
}

interface TableProps {
  /** What it lists, for screen readers. */
  caption: string;
  columns: string[];
  /** As many cells as columns; the first says what the row is about. What can be done with it stands in a last column. */
  rows: { key: string; cells: ReactNode[]; actions?: RowAction[] | undefined }[];
  /** Few and short cells: they have room beside each other on a phone, too. */
  compact?: boolean;
}

/**
 * Where there is no room for columns, each row is a card, with the columns' names before the values. The roles are those
 * that the elements have anyway, until their `display` is another.
 */
export function Table({ caption, columns, rows, compact = false }: TableProps) {
  const id = useId();
  const acting = rows.some(({ actions }) => actions);
  return (
    <div className={styles["tableFrame"]} role="region" aria-label={caption} tabIndex={0}>
      <table role="table" className={cx(styles["table"], !compact && styles["folds"])}>
        <caption className="visually-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column, index) => (
              <th key={index} role="columnheader" scope="col">
                {column}
              </th>
            ))}
            {acting && <th role="columnheader" scope="col" />}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map(({ key, cells: [about, ...rest], actions }) => (
            <tr key={key} role="row">
              <th id={`${id}${key}`} role="rowheader" scope="row">
                {about}
              </th>
              {rest.map((cell, index) => (
                <td key={index} role="cell" data-column={columns[index + 1]}>
                  {cell}
                </td>
              ))}
              {actions && (
                <td role="cell" className={styles["acts"]}>
                  {/* Which row a button is of, for who does not see it. */}
                  <div role="group" aria-labelledby={`${id}${key}`}>
                    {actions.map(({ text, onPress }, index) => (
                      <Button key={index} look="quiet" onClick={onPress}>
                        {text}
                      </Button>
                    ))}
                  </div>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

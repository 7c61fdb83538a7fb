import type { ReactNode } from "react";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Card } from "@/ui/layout";
import styles from "./ChangeEntry.module.css";

export interface ShownChange {
  field: string;
  title: string;
  /** undefined: there was nothing. */
  before: string | undefined;
  after: string | undefined;
}

/** Entries, newest first. */
export function ChangeList({ children }: { children: ReactNode }) {
  return <ol className={styles["entries"]}>{children}</ol>;
}

interface ChangeEntryProps {
  title: string;
  at: string;
  /** undefined: the title says it. */
  who?: string;
  changes: ShownChange[];
  /** Buttons. */
  children?: ReactNode;
}

/** What somebody did, and of each field what it was and what it is. */
export function ChangeEntry({ title, at, who, changes, children }: ChangeEntryProps) {
  const format = useFormat();
  return (
    <li>
      <Card className={styles["entry"]}>
        <div className={styles["head"]}>
          <h2>{title}</h2>
          <time dateTime={at}>{format.dateTime(at)}</time>
        </div>
        {changes.length > 0 && (
          <dl className={styles["changes"]}>
            {changes.map((change) => (
              <div key={change.field}>
                <dt>{change.title}</dt>
                <dd>
                  <BeforeAndAfter change={change} />
                </dd>
              </div>
            ))}
          </dl>
        )}
        {(who ?? children) && (
          <div className={styles["foot"]}>
            <span className={styles["who"]}>{who}</span>
            {children}
          </div>
        )}
      </Card>
    </li>
  );
}

function BeforeAndAfter({ change: { before, after } }: { change: ShownChange }) {
  const t = useText();
  return (
    <>
      {before !== undefined && (
        <del>
          <span className="visually-hidden">{t("audit.before")}: </span>
          {before}
        </del>
      )}
      {after !== undefined && (
        <ins>
          <span className="visually-hidden">{t("audit.after")}: </span>
          {after}
        </ins>
      )}
    </>
  );
}

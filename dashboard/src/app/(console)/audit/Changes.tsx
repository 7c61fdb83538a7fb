import type { AuditEntry } from "@/data/audit";
import { useText } from "@/texts/TextProvider";
import styles from "./audit.module.css";

/** Of an entry, field by field: what it was and what it is now. */
export function Changes({ changes }: { changes: AuditEntry["changes"] }) {
  const t = useText();
  return (
    <dl className={styles["changes"]}>
      {inOrder(changes).map(([field, { before, after }]) => (
        <div key={field}>
          <dt>{field}</dt>
          <dd>
            <del>
              <span className="visually-hidden">{t("audit.before")} </span>
              <Value value={before} />
            </del>{" "}
            →{" "}
            <ins>
              <span className="visually-hidden">{t("audit.after")} </span>
              <Value value={after} />
            </ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Firestore keeps none. */
function inOrder(changes: AuditEntry["changes"]) {
  return Object.entries(changes).sort(([one], [other]) => one.localeCompare(other));
}

function Value({ value }: { value: unknown }) {
  const t = useText();
  if (value === null || value === undefined || value === "") return <em>{t("audit.nothing")}</em>;
  return typeof value === "string" ? value : JSON.stringify(value);
}

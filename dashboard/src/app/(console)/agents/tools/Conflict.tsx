/** Two people saved the same settings: both versions side by side, and a decision. */
import type { Tool } from "@/data/tools";
import { titleOf, toSend, type Values, withPresets } from "@/schema-form/schema";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Table } from "@/ui/layout";
import styles from "./tools.module.css";

interface ConflictProps {
  mine: Values;
  /** As it is stored by now. */
  theirs: Tool;
  busy: boolean;
  onTakeTheirs: () => void;
  onSaveMine: () => void;
}

export function Conflict({ mine, theirs: { about, own }, busy, onTakeTheirs, onSaveMine }: ConflictProps) {
  const t = useText();
  const schema = about.config_schema;
  const stored = withPresets(schema, toSend(schema, own.config));
  const given = withPresets(schema, toSend(schema, mine));
  const names = Object.keys({ ...stored, ...given }).filter(
    (name) => !about.secret_fields.includes(name) && shown(stored[name], t) !== shown(given[name], t),
  );
  return (
    <div role="alert" className={styles["conflict"]}>
      <h3>{t("tools.conflictTitle")}</h3>
      <p>{t(names.length ? "tools.conflictText" : "tools.conflictSame")}</p>
      {names.length > 0 && (
        <Table
          caption={t("tools.conflictTitle")}
          columns={[t("tools.conflictSetting"), t("tools.conflictTheirs"), t("tools.conflictMine")]}
        >
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{titleOf(schema, name)}</th>
              <td>{shown(stored[name], t)}</td>
              <td>{shown(given[name], t)}</td>
            </tr>
          ))}
        </Table>
      )}
      <div className={styles["actions"]}>
        <Button onClick={onTakeTheirs}>{t("tools.conflictTakeTheirs")}</Button>
        <Button look="primary" busy={busy} onClick={onSaveMine}>
          {t("tools.conflictSaveMine")}
        </Button>
      </div>
    </div>
  );
}

function shown(value: unknown, t: TextFunction): string {
  if (value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)) {
    return t("tools.nothing");
  }
  if (typeof value === "boolean") return t(value ? "tools.yes" : "tools.no");
  if (Array.isArray(value)) return value.map((one) => shown(one, t)).join("; ");
  return typeof value === "object" ? Object.values(value).map((one) => shown(one, t)).join(" ") : String(value);
}

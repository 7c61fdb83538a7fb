import type { Tool } from "@/data/tools";
import { titleOf, toSend, type Values, withPresets } from "@/schema-form/schema";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { VersionsDialog } from "@/ui/VersionsDialog";

interface ConflictDialogProps {
  /** What both started from. */
  base: Values;
  /** As entered, with new passwords. */
  mine: Values;
  /** As it is stored by now. */
  theirs: Tool;
  /** Undefined: all of theirs, and no new password. */
  onSettle: (chosen: Values | undefined) => void;
  onClose: () => void;
}

/** Two people changed the settings of a tool: both versions, and a decision. */
export function ConflictDialog({ base, mine, theirs: { about, own }, onSettle, onClose }: ConflictDialogProps) {
  const t = useText();
  const schema = about.config_schema;
  const complete = (values: Values) => withPresets(schema, toSend(schema, values));
  const [before, given, stored] = [complete(base), complete(mine), complete(own.config)];
  const differ = (one: Values, other: Values) =>
    Object.keys({ ...one, ...other }).filter(
      (name) => !about.secret_fields.includes(name) && shown(one[name], t) !== shown(other[name], t),
    );
  const differing = differ(stored, given);
  const settle = (kept: readonly string[]) => {
    const taken = differing.filter((name) => !kept.includes(name)).map((name) => [name, own.config[name]]);
    const hasSecret = about.secret_fields.some((name) => mine[name] !== undefined);
    onSettle(kept.length || hasSecret ? { ...mine, ...Object.fromEntries(taken) } : undefined);
  };
  return (
    <VersionsDialog
      title={t("tools.conflictTitle")}
      differences={differing.map((name) => ({
        name,
        title: titleOf(schema, name),
        mine: shown(given[name], t),
        theirs: shown(stored[name], t),
      }))}
      changedByMe={differ(before, given)}
      onSettle={settle}
      onClose={onClose}
    />
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

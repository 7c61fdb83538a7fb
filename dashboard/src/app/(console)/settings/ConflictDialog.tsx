import type { SettingsDraft } from "@/data/tenantSettings";
import { differingFields, pick } from "@/data/useDraft";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { VersionsDialog } from "@/ui/VersionsDialog";

const TITLES = { name: "name", fallback_number: "fallbackNumber", retention_days: "retention" } as const;

interface ConflictDialogProps {
  /** What both started from. */
  base: SettingsDraft;
  mine: SettingsDraft;
  theirs: SettingsDraft;
  onSettle: (chosen: SettingsDraft) => void;
  onClose: () => void;
}

/** Two people changed the organisation's settings: both versions, and a decision. */
export function ConflictDialog({ base, mine, theirs, onSettle, onClose }: ConflictDialogProps) {
  const t = useText();
  const format = useFormat();
  const text = (value: string | number | null) => (typeof value === "number" ? format.number(value) : (value ?? "–"));
  return (
    <VersionsDialog
      title={t("settings.conflictTitle")}
      differences={differingFields(mine, theirs).map((name) => ({
        name,
        title: t(`settings.${TITLES[name]}`),
        mine: text(mine[name]),
        theirs: text(theirs[name]),
      }))}
      changedByMe={differingFields(base, mine)}
      onSettle={(kept) => onSettle({ ...theirs, ...pick(mine, kept as (keyof SettingsDraft)[]) })}
      onClose={onClose}
    />
  );
}

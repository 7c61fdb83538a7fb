import { AGENT_FIELDS, type AgentDraft, type AgentField, draftOf } from "@/agents/draft";
import { useFieldText } from "@/agents/fieldText";
import type { Agent } from "@/data/agents";
import { differingFields, pick } from "@/data/useDraft";
import { useText } from "@/texts/TextProvider";
import { VersionsDialog } from "@/ui/VersionsDialog";

interface ConflictDialogProps {
  /** What both started from. */
  base: Agent;
  mine: AgentDraft;
  theirs: Agent;
  onSettle: (chosen: AgentDraft) => void;
  onClose: () => void;
}

/** In the order in which people read about them. */
const agentFields = (one: AgentDraft, other: AgentDraft) => differingFields(one, other, AGENT_FIELDS);

/** Two people changed an agent: both versions, and a decision. */
export function ConflictDialog({ base, mine, theirs, onSettle, onClose }: ConflictDialogProps) {
  const t = useText();
  const text = useFieldText();
  const other = draftOf(theirs);
  const differences = agentFields(mine, other).map((name) => ({
    name,
    title: t(`agentFields.${name}`),
    mine: text(name, mine[name]),
    theirs: text(name, other[name]),
  }));
  return (
    <VersionsDialog
      title={t("agentEditor.conflictTitle")}
      differences={differences}
      changedByMe={agentFields(draftOf(base), mine)}
      onSettle={(kept) => onSettle({ ...other, ...pick(mine, kept as AgentField[]) })}
      onClose={onClose}
    />
  );
}

import { WordFields } from "@/agents/WordFields";
import type { Agent } from "@/data/agents";
import { usePreview } from "@/data/tools";
import { useText } from "@/texts/TextProvider";
import { Checkbox } from "@/ui/form";
import { Section } from "./Section";
import type { SectionProps } from "./section";

export function Basics({ draft, set, fields, agent }: SectionProps & { agent: Agent }) {
  const t = useText();
  return (
    <Section title={t("agentEditor.basics")}>
      <Checkbox
        role="switch"
        label={t("agentFields.enabled")}
        hint={t("agentEditor.enabledHint")}
        checked={draft.enabled}
        onChange={(event) => set({ enabled: event.target.checked })}
      />
      <WordFields words={draft} errors={fields} onChange={set} />
      <Checkbox
        label={t("agentFields.disclose_ai")}
        hint={t("agentEditor.discloseHint")}
        checked={draft.disclose_ai}
        onChange={(event) => set({ disclose_ai: event.target.checked })}
      />
      {draft.greeting === agent.greeting && draft.disclose_ai === agent.disclose_ai && draft.language === agent.language && (
        <Heard agentId={agent.id} />
      )}
    </Section>
  );
}

/** The greeting as the API makes it for the model; only of what is stored. */
function Heard({ agentId }: { agentId: string }) {
  const t = useText();
  const preview = usePreview(agentId);
  return preview.data ? <p>{t("agentEditor.heard", { greeting: preview.data.greeting })}</p> : null;
}

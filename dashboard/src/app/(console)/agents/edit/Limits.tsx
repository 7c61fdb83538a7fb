import { useText } from "@/texts/TextProvider";
import { Checkbox } from "@/ui/form";
import { NumberField } from "./NumberField";
import { Section } from "./Section";
import type { SectionProps } from "./section";

export function Limits({ draft, set, fields }: SectionProps) {
  const t = useText();
  return (
    <Section title={t("agentEditor.limits")}>
      <NumberField
        label={t("agentEditor.maxCall")}
        hint={t("agentEditor.maxCallHint")}
        error={fields["max_call_seconds"]}
        value={draft.max_call_seconds / 60}
        onChange={(minutes) => set({ max_call_seconds: Math.round(minutes * 60) })}
        min={0.5}
        max={120}
        step={0.5}
      />
      <NumberField
        label={t("agentEditor.silencePrompt")}
        error={fields["silence_prompt_seconds"]}
        value={draft.silence_prompt_seconds}
        onChange={(silence_prompt_seconds) => set({ silence_prompt_seconds })}
        min={3}
        max={120}
        step="any"
      />
      <NumberField
        label={t("agentEditor.silenceHangup")}
        error={fields["silence_hangup_seconds"]}
        value={draft.silence_hangup_seconds}
        onChange={(silence_hangup_seconds) => set({ silence_hangup_seconds })}
        min={3}
        max={120}
        step="any"
      />
      <Checkbox
        label={t("agentFields.log_spoken_words")}
        hint={t("agentEditor.logHint")}
        checked={draft.log_spoken_words}
        onChange={(event) => set({ log_spoken_words: event.target.checked })}
      />
    </Section>
  );
}

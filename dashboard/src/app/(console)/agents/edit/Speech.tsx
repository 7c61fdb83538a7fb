import { spokenLanguages } from "@/agents/languages";
import { VoiceField } from "@/agents/VoiceField";
import type { Schemas } from "@/api/client";
import type { TextKey } from "@/texts/catalogue";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Select } from "@/ui/form";
import { Section } from "./Section";
import type { SectionProps } from "./section";

const MODELS = {
  "gemini-3.8-live": "agentEditor.modelNewest",
  "gemini-live-2.5-flash-native-audio": "agentEditor.modelVertex",
} as const satisfies Record<Schemas["AgentInput"]["model"], TextKey>;

export function Speech({ draft, set, fields }: SectionProps) {
  const t = useText();
  const format = useFormat();
  return (
    <Section title={t("agentEditor.speech")}>
      <VoiceField
        value={draft.voice}
        language={draft.language}
        error={fields["voice"]}
        onChange={(voice) => set({ voice })}
      />
      <Select
        label={t("agentFields.language")}
        hint={t("agentEditor.languageHint")}
        error={fields["language"]}
        value={draft.language}
        onChange={(event) => set({ language: event.target.value })}
      >
        {spokenLanguages(draft.language, format.languageName).map(([tag, name]) => (
          <option key={tag} value={tag}>
            {name}
          </option>
        ))}
      </Select>
      <Select
        label={t("agentFields.model")}
        hint={t("agentEditor.modelHint")}
        error={fields["model"]}
        value={draft.model}
        onChange={(event) => set({ model: event.target.value })}
      >
        {!(draft.model in MODELS) && <option value={draft.model}>{draft.model}</option>}
        {Object.entries(MODELS).map(([model, name]) => (
          <option key={model} value={model}>
            {t(name)}
          </option>
        ))}
      </Select>
    </Section>
  );
}

import { useText } from "@/texts/TextProvider";
import { TextArea, TextField } from "@/ui/form";
import type { AgentDraft } from "./draft";

type Words = Pick<AgentDraft, "name" | "instructions" | "greeting">;

interface WordFieldsProps {
  words: Words;
  /** What the API refused: field → why. */
  errors: Readonly<Record<string, string>>;
  onChange: (entered: Partial<Words>) => void;
}

/** What an agent is called, what it is told, and what it says first. */
export function WordFields({ words, errors, onChange }: WordFieldsProps) {
  const t = useText();
  return (
    <>
      <TextField
        label={t("agentFields.name")}
        hint={t("agentEditor.nameHint")}
        error={errors["name"]}
        value={words.name}
        onChange={(event) => onChange({ name: event.target.value })}
        maxLength={80}
        required
      />
      <TextArea
        label={t("agentFields.instructions")}
        hint={t("agentEditor.instructionsHint")}
        error={errors["instructions"]}
        value={words.instructions}
        onChange={(event) => onChange({ instructions: event.target.value })}
        maxLength={20_000}
        rows={12}
        required
      />
      <TextArea
        label={t("agentFields.greeting")}
        hint={t("agentEditor.greetingHint")}
        error={errors["greeting"]}
        value={words.greeting}
        onChange={(event) => onChange({ greeting: event.target.value })}
        maxLength={500}
        rows={2}
        required
      />
    </>
  );
}

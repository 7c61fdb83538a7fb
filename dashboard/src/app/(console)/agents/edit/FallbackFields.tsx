import { useRef } from "react";
import type { AgentDraft } from "@/agents/draft";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { PhoneField, Select, TextArea } from "@/ui/form";
import { NumberField } from "./NumberField";
import { Section } from "./Section";
import { partError, type SectionProps } from "./section";

type Fallback = NonNullable<AgentDraft["fallback"]>;
type Kind = Fallback["kind"] | "default";

export function FallbackFields({ draft, set, fields }: SectionProps) {
  const t = useText();
  const { fallback } = draft;
  // What was entered for one kind is there again when somebody comes back to it.
  const entered = useRef(new Map<Kind, Fallback>());
  const setFallback = (changed: Fallback) => set({ fallback: changed });
  const choose = (kind: Kind) => {
    if (fallback) entered.current.set(fallback.kind, fallback);
    set({ fallback: kind === "default" ? null : (entered.current.get(kind) ?? blank(kind, t)) });
  };
  return (
    <Section title={t("agentEditor.fallbackSection")} text={t("agentEditor.fallbackText")}>
      <Select
        label={t("agentEditor.fallbackKind")}
        error={fields["fallback"]}
        value={fallback?.kind ?? "default"}
        onChange={(event) => choose(event.target.value as Kind)}
      >
        <option value="default">{t("agentEditor.fallbackKindDefault")}</option>
        <option value="forward">{t("agentEditor.fallbackKindForward")}</option>
        <option value="voicemail">{t("agentEditor.fallbackKindVoicemail")}</option>
        <option value="say">{t("agentEditor.fallbackKindSay")}</option>
      </Select>
      {fallback?.kind === "forward" && (
        <PhoneField
          label={t("agentEditor.forwardNumber")}
          hint={t("agentEditor.forwardNumberHint")}
          error={partError(fields, "fallback", "number")}
          value={fallback.number}
          onChange={(number) => setFallback({ ...fallback, number })}
          autoComplete="tel"
          required
        />
      )}
      {fallback?.kind === "voicemail" && (
        <>
          <TextArea
            label={t("agentEditor.voicemailPrompt")}
            error={partError(fields, "fallback", "prompt")}
            value={fallback.prompt}
            onChange={(event) => setFallback({ ...fallback, prompt: event.target.value })}
            maxLength={500}
            required
          />
          <NumberField
            label={t("agentEditor.voicemailSeconds")}
            error={partError(fields, "fallback", "max_seconds")}
            value={fallback.max_seconds}
            onChange={(max_seconds) => setFallback({ ...fallback, max_seconds })}
            min={5}
            max={600}
          />
        </>
      )}
      {fallback?.kind === "say" && (
        <TextArea
          label={t("agentEditor.sayText")}
          error={partError(fields, "fallback", "text")}
          value={fallback.text}
          onChange={(event) => setFallback({ ...fallback, text: event.target.value })}
          maxLength={500}
          required
        />
      )}
    </Section>
  );
}

function blank(kind: Fallback["kind"], t: TextFunction): Fallback {
  switch (kind) {
    case "forward":
      return { kind, number: "" };
    case "voicemail":
      return { kind, prompt: t("agentEditor.voicemailDefault"), max_seconds: 120 };
    case "say":
      return { kind, text: t("agentEditor.sayDefault") };
  }
}

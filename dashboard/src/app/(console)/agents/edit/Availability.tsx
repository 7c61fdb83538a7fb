import { HoursEditor } from "@/agents/HoursEditor";
import { TimeZoneField } from "@/agents/TimeZoneField";
import { useText } from "@/texts/TextProvider";
import { Section } from "./Section";
import { anyError, type SectionProps } from "./section";

export function Availability({ draft, set, fields }: SectionProps) {
  const t = useText();
  return (
    <Section title={t("agentEditor.availability")}>
      <TimeZoneField
        hint={t("agentEditor.timeZoneHint")}
        error={fields["time_zone"]}
        value={draft.time_zone}
        onChange={(time_zone) => set({ time_zone })}
      />
      <h3>{t("agentFields.hours")}</h3>
      <HoursEditor hours={draft.hours} error={anyError(fields, "hours")} onChange={(hours) => set({ hours })} />
    </Section>
  );
}

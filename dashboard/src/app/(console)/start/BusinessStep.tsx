"use client";
import { HoursEditor } from "@/agents/HoursEditor";
import { spanProblems } from "@/agents/hours";
import { spokenLanguages } from "@/agents/languages";
import { TimeZoneField } from "@/agents/TimeZoneField";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import type { TemplateId, TemplateTexts } from "@/texts/templates/en";
import { Button } from "@/ui/Button";
import { Form, Select, TextField } from "@/ui/form";
import type { Business } from "./draft";
import styles from "./start.module.css";

interface BusinessStepProps {
  business: Business;
  templates: TemplateTexts["templates"];
  onChange: (changed: Partial<Business>) => void;
  onNext: () => void;
}

export function BusinessStep({ business, templates, onChange, onNext }: BusinessStepProps) {
  const t = useText();
  const format = useFormat();
  const kinds = Object.entries(templates) as [TemplateId, TemplateTexts["templates"][TemplateId]][];
  return (
    <Form onSubmit={() => spanProblems(business.hours ?? []).size === 0 && onNext()}>
      <p className={styles["muted"]}>{t("start.businessText")}</p>
      <TextField
        label={t("start.businessName")}
        value={business.name}
        onChange={(event) => onChange({ name: event.target.value })}
        maxLength={80}
        required
      />
      <fieldset className={styles["kinds"]}>
        <legend>{t("start.kind")}</legend>
        {kinds.map(([kind, { title }]) => (
          <label key={kind}>
            <input type="radio" name="kind" checked={business.kind === kind} onChange={() => onChange({ kind })} />
            {title}
          </label>
        ))}
      </fieldset>
      <Select
        label={t("start.language")}
        value={business.language}
        onChange={(event) => onChange({ language: event.target.value })}
      >
        {spokenLanguages(business.language, format.languageName).map(([tag, name]) => (
          <option key={tag} value={tag}>
            {name}
          </option>
        ))}
      </Select>
      <TimeZoneField value={business.timeZone} onChange={(timeZone) => onChange({ timeZone })} />
      <h3>{t("start.hours")}</h3>
      <HoursEditor hours={business.hours} onChange={(hours) => onChange({ hours })} />
      <div className={styles["actions"]}>
        <Button type="submit" look="primary">
          {t("start.next")}
        </Button>
      </div>
    </Form>
  );
}

"use client";
import { VoiceField } from "@/agents/VoiceField";
import { WordFields } from "@/agents/WordFields";
import type { ApiError } from "@/api/errors";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Form } from "@/ui/form";
import { fieldErrors, InlineError } from "@/ui/states";
import type { Drafted } from "./draft";
import styles from "./start.module.css";

interface AgentStepProps {
  agent: Drafted;
  /** Of its callers. */
  language: string;
  edited: boolean;
  busy: boolean;
  error: ApiError | null;
  onChange: (changed: Partial<Drafted>) => void;
  onDraftAgain: () => void;
  onMake: () => void;
}

export function AgentStep({ agent, language, edited, busy, error, onChange, onDraftAgain, onMake }: AgentStepProps) {
  const t = useText();
  const fields = fieldErrors(error, t);
  return (
    <Form onSubmit={() => !busy && onMake()}>
      <p className={styles["muted"]}>{t("start.agentText")}</p>
      <WordFields words={agent} errors={fields} onChange={onChange} />
      <VoiceField value={agent.voice} language={language} error={fields["voice"]} onChange={(voice) => onChange({ voice })} />
      <InlineError error={error} />
      <div className={styles["actions"]}>
        {edited && <Button onClick={onDraftAgain}>{t("start.draftAgain")}</Button>}
        <Button type="submit" look="primary" busy={busy}>
          {t("start.create")}
        </Button>
      </div>
    </Form>
  );
}

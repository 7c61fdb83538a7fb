"use client";
import { useEffect, useRef } from "react";
import { AGENT_FIELDS, draftOf } from "@/agents/draft";
import { useFieldText } from "@/agents/fieldText";
import { spanProblems } from "@/agents/hours";
import { type Agent, useChangeAgent } from "@/data/agents";
import { useMay } from "@/data/tenant";
import { useDraft } from "@/data/useDraft";
import { useUnsavedChanges } from "@/session/unsaved";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Form } from "@/ui/form";
import { fieldErrors, InlineError } from "@/ui/states";
import { ToastPlace, useToast } from "@/ui/Toasts";
import { VersionsDialog } from "@/ui/VersionsDialog";
import { Availability } from "./Availability";
import { Basics } from "./Basics";
import styles from "./Editor.module.css";
import { FallbackFields } from "./FallbackFields";
import { Limits } from "./Limits";
import { Speech } from "./Speech";

interface EditorProps {
  agent: Agent;
  reload: () => Promise<Agent | undefined>;
}

export function Editor({ agent, reload }: EditorProps) {
  const t = useText();
  const textOf = useFieldText();
  const toast = useToast();
  const mayEdit = useMay("editor");
  const form = useRef<HTMLDivElement>(null);
  const change = useChangeAgent();
  const onSaved = () => toast(t("agentEditor.saved"));
  const edited = useDraft({ current: agent, reload, draftOf, change, onSaved });
  useUnsavedChanges(edited.dirty, t("agentEditor.unsavedQuestion"));
  const fields = fieldErrors(edited.error, t);
  useEffect(() => {
    // To the first field that was refused, wherever the save bar was pressed.
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [edited.error]);
  const section = { draft: edited.draft, set: edited.set, fields };
  const misfit = spanProblems(edited.draft.hours ?? []).size > 0;
  return (
    <div ref={form}>
      <Form onSubmit={() => !edited.busy && !misfit && edited.save()}>
        <fieldset className={styles["sections"]} disabled={!mayEdit}>
          <Basics {...section} agent={edited.base} />
          <Speech {...section} />
          <Availability {...section} />
          <FallbackFields {...section} />
          <Limits {...section} />
        </fieldset>
        {edited.dirty && (
          <div className={styles["bar"]}>
            {misfit ? (
              <p role="status">{t("agentEditor.fixFirst")}</p>
            ) : (
              <p role="status">{t("agentEditor.unsaved", { count: edited.changed })}</p>
            )}
            <InlineError error={edited.theirs ? null : edited.error} />
            <Button onClick={edited.discard}>{t("agentEditor.discard")}</Button>
            <Button type="submit" look="primary" busy={edited.busy}>
              {t("common.save")}
            </Button>
            <ToastPlace above />
          </div>
        )}
      </Form>
      {edited.theirs && (
        <VersionsDialog
          key={edited.theirs.etag}
          title={t("agentEditor.conflictTitle")}
          base={draftOf(edited.base)}
          mine={edited.draft}
          theirs={draftOf(edited.theirs)}
          fields={AGENT_FIELDS}
          titleOf={(field) => t(`agentFields.${field}`)}
          textOf={textOf}
          onSettle={edited.settle}
          onClose={edited.putAside}
        />
      )}
    </div>
  );
}

"use client";
/** The form of a tool's config. Loaded with the form library, when a tool with settings is opened. */
import { useRef, useState } from "react";
import { useMay } from "@/data/tenant";
import { type Tool, useChangeTool } from "@/data/tools";
import { differingFields } from "@/data/useDraft";
import { toSend, type Values } from "@/schema-form/schema";
import SchemaForm from "@/schema-form/SchemaForm";
import { useUnsavedChanges } from "@/session/unsaved";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { fieldErrors, InlineError } from "@/ui/states";
import { useToast } from "@/ui/Toasts";
import { ConflictDialog } from "./ConflictDialog";
import styles from "./tools.module.css";
import { missingFields } from "./toolState";

interface ToolSettingsProps {
  agentId: string;
  tool: Tool;
}

export default function ToolSettings({ agentId, tool }: ToolSettingsProps) {
  const t = useText();
  const toast = useToast();
  const mayEdit = useMay("editor");
  const change = useChangeTool(agentId);
  // What the entries started from: only when that is saved may they be.
  const [base, setBase] = useState<Tool>();
  const [entered, setEntered] = useState<Values>();
  const latest = useRef<Values>(undefined);
  const [attempt, setAttempt] = useState(0);
  const [repaired, setRepaired] = useState<ReadonlySet<string>>(new Set());
  const { about, own } = tool;
  const from = base ?? tool;
  const dirty = entered !== undefined;
  const turnsOn = !own.enabled && missingFields(tool).length > 0;
  useUnsavedChanges(dirty, t("common.unsavedQuestion"));

  const enter = (values: Values) => {
    const before = entered ?? {};
    const changed = Object.keys({ ...before, ...values }).filter((name) => before[name] !== values[name]);
    if (entered !== undefined) setRepaired(new Set([...repaired, ...changed]));
    setBase(from);
    setEntered(values);
    latest.current = values;
  };
  const discard = () => {
    setBase(undefined);
    setEntered(undefined);
    setAttempt(attempt + 1);
    change.reset();
  };
  const save = (values: Values, etag: string, enabled?: boolean) => {
    setRepaired(new Set());
    const config = toSend(about.config_schema, values);
    change.mutate(
      { slug: about.slug, etag, config, ...(enabled === undefined ? {} : { enabled }) },
      {
        onSuccess: () => {
          toast(t("tools.saved", { tool: about.display_name }));
          // What was typed while the request was under way stays, unsaved.
          if (differingFields(values, latest.current ?? {}).length === 0) discard();
          else setBase(undefined);
        },
      },
    );
  };
  const overtaken = change.error?.kind === "changed_meanwhile" && own.etag !== from.own.etag;
  const settle = (chosen: Values | undefined) => {
    if (!chosen) {
      discard();
      return;
    }
    setBase(tool);
    setEntered(chosen);
    latest.current = chosen;
    save(chosen, own.etag, turnsOn ? true : undefined);
  };
  const refused = fieldErrors(change.error, t);
  return (
    <>
      {turnsOn && <p className={styles["muted"]}>{t("tools.settingsFirst")}</p>}
      <SchemaForm
        // A form that was saved, or given up, starts anew from what is stored.
        key={attempt}
        schema={about.config_schema}
        uiSchema={about.ui_schema}
        secrets={own.secrets}
        stored={from.own.config}
        entered={entered}
        errors={stillWrong(refused, repaired)}
        disabled={!mayEdit}
        onEnter={enter}
        onSubmit={(values) => {
          if (change.isPending) return;
          enter(values); // presets alone are saved, too, and compared with what somebody else saved meanwhile
          save(values, from.own.etag, turnsOn ? true : undefined);
        }}
      >
        <InlineError error={overtaken || Object.keys(refused).length > 0 ? null : change.error} />
        {mayEdit && (
          <div className={styles["actions"]}>
            {dirty && <Button onClick={discard}>{t("common.cancel")}</Button>}
            <Button type="submit" look="primary" busy={change.isPending}>
              {t(turnsOn ? "tools.saveAndTurnOn" : "tools.save")}
            </Button>
          </div>
        )}
      </SchemaForm>
      {overtaken && (
        <ConflictDialog
          key={own.etag}
          base={from.own.config}
          mine={entered ?? {}}
          theirs={tool}
          onSettle={settle}
          onClose={change.reset}
        />
      )}
    </>
  );
}

/** An error is gone from a field that was changed since. */
function stillWrong(refused: Record<string, string>, repaired: ReadonlySet<string>): Record<string, string> {
  const left = Object.entries(refused).filter(([field]) => !repaired.has(field.split(".")[1] ?? ""));
  return Object.fromEntries(left);
}

"use client";
/** The form of a tool's config. Loaded with the form library, when a tool with settings is opened. */
import { useState } from "react";
import type { ApiError } from "@/api/errors";
import { useMay } from "@/data/tenant";
import { type Tool, useChangeTool } from "@/data/tools";
import { toSend, type Values } from "@/schema-form/schema";
import SchemaForm from "@/schema-form/SchemaForm";
import { useUnsavedChanges } from "@/session/unsaved";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { InlineError } from "@/ui/states";
import { useToast } from "@/ui/Toasts";
import { Conflict } from "./Conflict";
import styles from "./tools.module.css";
import { missingFields } from "./toolState";

interface ToolSettingsProps {
  agentId: string;
  tool: Tool;
  reload: () => Promise<unknown>;
}

export default function ToolSettings({ agentId, tool, reload }: ToolSettingsProps) {
  const t = useText();
  const toast = useToast();
  const mayEdit = useMay("editor");
  const change = useChangeTool(agentId);
  // What the entries started from: only when that is saved may they be.
  const [base, setBase] = useState<Tool>();
  const [entered, setEntered] = useState<Values>();
  const [attempt, setAttempt] = useState(0);
  const [repaired, setRepaired] = useState<ReadonlySet<string>>(new Set());
  const { about, own } = tool;
  const from = base ?? tool;
  const dirty = entered !== undefined;
  useUnsavedChanges(dirty, t("common.unsavedQuestion"));

  const enter = (values: Values) => {
    const before = entered ?? {};
    const changed = Object.keys({ ...before, ...values }).filter((name) => before[name] !== values[name]);
    if (entered !== undefined) setRepaired(new Set([...repaired, ...changed]));
    setBase(from);
    setEntered(values);
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
          discard();
        },
        onError: (error) => error.kind === "changed_meanwhile" && void reload(),
      },
    );
  };
  const turnsOn = !own.enabled && missingFields(tool).length > 0;
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
        errors={stillWrong(change.error, repaired)}
        disabled={!mayEdit}
        onEnter={enter}
        onSubmit={(values) => !change.isPending && save(values, from.own.etag, turnsOn ? true : undefined)}
      >
        {change.error?.kind === "changed_meanwhile" ? (
          <Conflict
            mine={entered ?? {}}
            theirs={tool}
            busy={change.isPending}
            onTakeTheirs={discard}
            onSaveMine={() => {
              setBase(tool);
              save(entered ?? {}, own.etag);
            }}
          />
        ) : (
          <InlineError error={change.error && Object.keys(change.error.fields).length > 0 ? null : change.error} />
        )}
        {mayEdit && (
          <div className={styles["actions"]}>
            {dirty && <Button onClick={discard}>{t("common.cancel")}</Button>}
            <Button type="submit" look="primary" busy={change.isPending}>
              {t(turnsOn ? "tools.saveAndTurnOn" : "tools.save")}
            </Button>
          </div>
        )}
      </SchemaForm>
    </>
  );
}

/** An error is gone from a field that was changed since. */
function stillWrong(error: ApiError | null, repaired: ReadonlySet<string>): Record<string, string> {
  const left = Object.entries(error?.fields ?? {}).filter(([field]) => !repaired.has(field.split(".")[1] ?? ""));
  return Object.fromEntries(left);
}

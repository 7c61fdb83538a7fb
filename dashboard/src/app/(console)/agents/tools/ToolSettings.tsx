"use client";
/** The form of a tool's config. Loaded with the form library, when a tool with settings is opened. */
import { useState } from "react";
import { useMay } from "@/data/tenant";
import { type AgentTool, type Tool, useAgentTools, useChangeTool } from "@/data/tools";
import { differingFields, useDraft } from "@/data/useDraft";
import { titleOf, toSend, type Values, withPresets } from "@/schema-form/schema";
import SchemaForm, { useStoredValues } from "@/schema-form/SchemaForm";
import { useUnsavedChanges } from "@/session/unsaved";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { fieldErrors, InlineError } from "@/ui/states";
import { useToast } from "@/ui/Toasts";
import { VersionsDialog } from "@/ui/VersionsDialog";
import styles from "./tools.module.css";
import { missingFields } from "./toolState";

interface ToolSettingsProps {
  agentId: string;
  tool: Tool;
}

export default function ToolSettings({ agentId, tool: { about, own } }: ToolSettingsProps) {
  const t = useText();
  const toast = useToast();
  const mayEdit = useMay("editor");
  const schema = about.config_schema;
  const edited = useToolDraft(agentId, { about, own }, () => toast(t("tools.saved", { tool: about.display_name })));
  const { base, draft, dirty, theirs } = edited;
  const [discarded, setDiscarded] = useState(0);
  const [repaired, setRepaired] = useState<readonly string[]>([]);
  // What was saved starts the form anew, but not under somebody who types on.
  const [begun, setBegun] = useState(base.etag);
  if (!dirty && begun !== base.etag) setBegun(base.etag);
  useUnsavedChanges(dirty, t("common.unsavedQuestion"));

  const refused = fieldErrors(edited.error, t);
  const shownErrors = stillWrong(refused, repaired);
  const enter = (values: Values) => {
    setRepaired([...repaired, ...differingFields(draft, values)]);
    edited.set(values);
  };
  const save = () => {
    if (edited.busy) return;
    setRepaired([]);
    edited.save();
  };
  const discard = () => {
    setDiscarded(discarded + 1);
    edited.discard();
  };
  /** As it will be in calls. */
  const complete = (values: Values) => withPresets(schema, toSend(schema, values));
  const turnsOn = turnsOnWhenSaved({ about, own: base });
  return (
    <>
      {turnsOn && <p className={styles["muted"]}>{t("tools.settingsFirst")}</p>}
      <SchemaForm
        key={`${begun} ${discarded}`}
        schema={schema}
        uiSchema={about.ui_schema}
        secrets={own.secrets}
        values={draft}
        errors={shownErrors}
        disabled={!mayEdit}
        onEnter={enter}
        onSubmit={save}
      >
        <InlineError error={theirs || Object.keys(refused).length > 0 ? null : edited.error} />
        {mayEdit && (
          <div className={styles["actions"]}>
            {dirty && <Button onClick={discard}>{t("common.cancel")}</Button>}
            <Button type="submit" look="primary" busy={edited.busy}>
              {t(turnsOn ? "tools.saveAndTurnOn" : "tools.save")}
            </Button>
          </div>
        )}
      </SchemaForm>
      {theirs && (
        <VersionsDialog
          key={theirs.etag}
          title={t("tools.conflictTitle")}
          base={complete(base.config)}
          mine={complete(draft)}
          theirs={complete(theirs.config)}
          fields={Object.keys((schema["properties"] ?? {}) as object).filter((name) => !about.secret_fields.includes(name))}
          titleOf={(name) => titleOf(schema, name)}
          textOf={(_, value) => shown(value, t)}
          // New passwords stay: nobody can see the other ones.
          onSettle={(mine) => edited.settle([...mine, ...about.secret_fields])}
          onClose={edited.putAside}
        />
      )}
    </>
  );
}

function useToolDraft(agentId: string, { about, own }: Tool, onSaved: () => void) {
  const storedValues = useStoredValues(about.config_schema);
  const tools = useAgentTools(agentId);
  const change = useChangeTool(agentId);
  const draftOf = ({ config }: AgentTool) => storedValues(config);
  return useDraft<AgentTool, Values>({
    current: own,
    reload: async () => {
      const { data } = await tools.refetch({ throwOnError: true });
      return data?.tools.find((one) => one.own.slug === own.slug)?.own;
    },
    draftOf,
    change: {
      ...change,
      // The API takes a whole config.
      mutateAsync: ({ changes, ...on }) =>
        change.mutateAsync({
          slug: on.slug,
          etag: on.etag,
          config: toSend(about.config_schema, { ...draftOf(on), ...changes }),
          ...(turnsOnWhenSaved({ about, own: on }) ? { enabled: true } : {}),
        }),
    },
    onSaved,
  });
}

/** It could not be turned on without its settings. */
const turnsOnWhenSaved = (tool: Tool): boolean => !tool.own.enabled && missingFields(tool).length > 0;

/** An error is gone from a field that was changed since. */
function stillWrong(refused: Record<string, string>, repaired: readonly string[]): Record<string, string> {
  const left = Object.entries(refused).filter(([field]) => !repaired.includes(field.split(".")[1] ?? ""));
  return Object.fromEntries(left);
}

function shown(value: unknown, t: TextFunction): string {
  if (value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)) {
    return t("tools.nothing");
  }
  if (typeof value === "boolean") return t(value ? "tools.yes" : "tools.no");
  if (Array.isArray(value)) return value.map((one) => shown(one, t)).join("; ");
  return typeof value === "object" ? Object.values(value).map((one) => shown(one, t)).join(" ") : String(value);
}

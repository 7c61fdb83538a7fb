"use client";
/** One tool of an agent: its account, its settings, and what the agent can do with it. */
import { Trash2 } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { ConnectAccount } from "@/connect/ConnectAccount";
import { useMay } from "@/data/tenant";
import { type Tool, useRemoveTool } from "@/data/tools";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { FormDialog } from "@/ui/Dialog";
import { Badge, Card } from "@/ui/layout";
import { RowsSkeleton } from "@/ui/states";
import { Abilities } from "./Abilities";
import { OnOff } from "./OnOff";
import styles from "./tools.module.css";
import { missingFields, missingTexts, stateOf } from "./toolState";
import { UsedBy } from "./UsedBy";

const ToolSettings = lazy(() => import("./ToolSettings"));

interface ToolDetailProps {
  agentId: string;
  tool: Tool;
}

export function ToolDetail({ agentId, tool }: ToolDetailProps) {
  const t = useText();
  const format = useFormat();
  const mayEdit = useMay("editor");
  const [removing, setRemoving] = useState(false);
  const { about, own } = tool;
  const { tone, text } = stateOf(tool, t);
  const hasSettings = Object.keys((about.config_schema["properties"] ?? {}) as object).length > 0;
  const mustSetUp = missingFields(tool).length > 0;
  const usable = own.enabled && own.ready;
  const isSetUp = Object.keys(own.config).length > 0 || Object.values(own.secrets).some(({ set }) => set) || own.connection !== null;
  return (
    <div className={styles["detail"]}>
      <Card className={styles["card"]}>
        <div className={styles["head"]}>
          <Badge tone={tone}>{text}</Badge>
          {mayEdit && (own.enabled || !mustSetUp) && <OnOff agentId={agentId} tool={tool} />}
        </div>
        {missingTexts(tool, t, format).map((sentence) => (
          <p key={sentence} className={styles["missing"]}>
            {sentence}
          </p>
        ))}
      </Card>
      {about.provider !== null && (
        <Card className={styles["card"]}>
          <h2>{t("connect.title")}</h2>
          <ConnectAccount agentId={agentId} tool={tool} />
        </Card>
      )}
      {/* What stands below the form comes with it, so that nothing is pushed down. */}
      <Suspense
        fallback={
          <SettingsCard>
            <RowsSkeleton />
          </SettingsCard>
        }
      >
        <SettingsCard>
          {hasSettings ? (
            <ToolSettings agentId={agentId} tool={tool} />
          ) : (
            <p className={styles["muted"]}>{t("tools.settingsNone")}</p>
          )}
        </SettingsCard>
        <Card className={styles["card"]}>
          <h2>{t("tools.abilities")}</h2>
          <p className={styles["muted"]}>{t(usable ? "tools.abilitiesOn" : "tools.abilitiesOff")}</p>
          <Abilities of={about} />
        </Card>
        <UsedBy agentId={agentId} slug={about.slug} />
        {mayEdit && isSetUp && (
          <div>
            <Button look="quiet" onClick={() => setRemoving(true)}>
              <Trash2 aria-hidden />
              {t("tools.remove")}
            </Button>
          </div>
        )}
      </Suspense>
      {removing && <RemoveDialog agentId={agentId} tool={tool} onClose={() => setRemoving(false)} />}
    </div>
  );
}

function SettingsCard({ children }: { children: ReactNode }) {
  const t = useText();
  return (
    <Card className={styles["card"]}>
      <h2>{t("tools.settings")}</h2>
      {children}
    </Card>
  );
}

function RemoveDialog({ agentId, tool: { about, own }, onClose }: { agentId: string; tool: Tool; onClose: () => void }) {
  const t = useText();
  const remove = useRemoveTool(agentId);
  const tool = about.display_name;
  const account = own.connection?.state === "connected" ? (own.connection.account_email ?? t("connect.title")) : undefined;
  return (
    <FormDialog
      title={t("tools.removeTitle", { tool })}
      text={account === undefined ? t("tools.removeText") : t("tools.removeConnectedText", { account })}
      action={t("tools.remove")}
      danger
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onSubmit={() => remove.mutateAsync(own).then(() => t("tools.removed", { tool }))}
    />
  );
}

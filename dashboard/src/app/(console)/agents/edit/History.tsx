"use client";
import { History as Icon } from "lucide-react";
import { ChangeEntry, ChangeList } from "@/audit/ChangeEntry";
import { useAuditTexts } from "@/audit/useAuditTexts";
import type { Agent } from "@/data/agents";
import { type AuditEntry, useAudit } from "@/data/audit";
import { useMay } from "@/data/tenant";
import { useFormat } from "@/texts/format";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { EmptyState, Loaded, NoPermission, RowsSkeleton } from "@/ui/states";
import styles from "./Editor.module.css";

export function History({ agent }: { agent: Agent }) {
  return useMay("editor") ? <Entries agent={agent} /> : <NoPermission />;
}

function Entries({ agent }: { agent: Agent }) {
  const t = useText();
  const entries = useAudit(`agents/${agent.id}`);
  return (
    <Loaded query={entries} skeleton={<RowsSkeleton />}>
      {(all) =>
        all.length === 0 ? (
          <EmptyState icon={Icon} title={t("agentEditor.historyEmpty")} text={t("agentEditor.historyEmptyText")} />
        ) : (
          <>
            <p className={styles["intro"]}>{t("agentEditor.historyIntro")}</p>
            <ChangeList>
              {all.map((entry) => (
                <Entry key={entry.id} entry={entry} />
              ))}
            </ChangeList>
            {entries.more && <Button onClick={entries.more}>{t("common.more")}</Button>}
          </>
        )
      }
    </Loaded>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const t = useText();
  const format = useFormat();
  const changes = useAuditTexts().changesOf(entry);
  return <ChangeEntry title={sentence(entry, format.list(changes.map(({ title }) => title)), t)} at={entry.at} changes={changes} />;
}

function sentence({ action, actor }: AuditEntry, fields: string, t: TextFunction): string {
  const who = actor.kind === "api_key" ? t("audit.byKey", { name: actor.name }) : actor.name;
  if (action === "agent.created") return t("agentEditor.historyCreated", { who });
  if (action === "agent.deleted") return t("agentEditor.historyDeleted", { who });
  return fields ? t("agentEditor.historyChanged", { who, fields }) : t("agentEditor.historyUntouched", { who });
}

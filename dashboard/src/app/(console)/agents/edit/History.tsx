"use client";
import { History as Icon } from "lucide-react";
import { AGENT_FIELDS } from "@/agents/draft";
import { useFieldText } from "@/agents/fieldText";
import type { Agent } from "@/data/agents";
import { type AuditEntry, useAudit } from "@/data/audit";
import { useMay } from "@/data/tenant";
import { useFormat } from "@/texts/format";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/layout";
import { EmptyState, Loaded, NoPermission, RowsSkeleton } from "@/ui/states";
import styles from "./History.module.css";

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
            <ol className={styles["entries"]}>
              {all.map((entry) => (
                <li key={entry.id}>
                  <Entry entry={entry} />
                </li>
              ))}
            </ol>
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
  const text = useFieldText();
  const fields = AGENT_FIELDS.filter((field) => field in entry.changes);
  const names = fields.map((field) => t(`agentFields.${field}`));
  return (
    <Card className={styles["entry"]}>
      <div className={styles["head"]}>
        <h2>{sentence(entry, format.list(names), t)}</h2>
        <time dateTime={entry.at}>{format.dateTime(entry.at)}</time>
      </div>
      {entry.action === "agent.changed" && (
        <dl className={styles["changes"]}>
          {fields.map((field) => (
            <div key={field}>
              <dt>{t(`agentFields.${field}`)}</dt>
              <dd>
                <del>
                  <span className="visually-hidden">{t("agentEditor.before")}: </span>
                  {text(field, entry.changes[field]?.before)}
                </del>
                <ins>
                  <span className="visually-hidden">{t("agentEditor.after")}: </span>
                  {text(field, entry.changes[field]?.after)}
                </ins>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}

function sentence({ action, actor }: AuditEntry, fields: string, t: TextFunction): string {
  const who = actor.kind === "api_key" ? t("agentEditor.byKey", { name: actor.name }) : actor.name;
  if (action === "agent.created") return t("agentEditor.historyCreated", { who });
  if (action === "agent.deleted") return t("agentEditor.historyDeleted", { who });
  return fields ? t("agentEditor.historyChanged", { who, fields }) : t("agentEditor.historyUntouched", { who });
}

"use client";
import { History } from "lucide-react";
import { ChangeEntry, ChangeList } from "@/audit/ChangeEntry";
import { useAuditTexts } from "@/audit/useAuditTexts";
import { type AuditEntry, useAudit } from "@/data/audit";
import { useMay } from "@/data/tenant";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { PageHeader, Toolbar } from "@/ui/layout";
import { EmptyState, Loaded, NoPermission, RowsSkeleton } from "@/ui/states";
import { useFilters } from "@/ui/useFilters";

export default function AuditPage() {
  const t = useText();
  const mayRead = useMay("editor");
  return (
    <>
      <PageHeader title={t("audit.title")} intro={t("audit.intro")} />
      {mayRead ? <Entries /> : <NoPermission />}
    </>
  );
}

function Entries() {
  const t = useText();
  const [{ subject }, setFilters] = useFilters(["subject"]);
  const audit = useAudit(subject);
  return (
    <Loaded query={audit} skeleton={<RowsSkeleton />}>
      {(all) => (
        <>
          {subject && <OnlyOf entries={all} subject={subject} onAll={() => setFilters({ subject: "" })} />}
          {all.length === 0 ? (
            <EmptyState icon={History} title={t("audit.emptyTitle")} text={t("audit.emptyText")} />
          ) : (
            <EntryList entries={all} onSubject={subject ? undefined : (one) => setFilters({ subject: one })} />
          )}
          {audit.more && <Button onClick={audit.more}>{t("common.more")}</Button>}
        </>
      )}
    </Loaded>
  );
}

function OnlyOf({ entries, subject, onAll }: { entries: AuditEntry[]; subject: string; onAll: () => void }) {
  const t = useText();
  const { subjectOf } = useAuditTexts();
  const [newest] = entries;
  const name = subject === "tenant" ? t("settings.title") : ((newest && subjectOf(newest)) ?? subject);
  return (
    <Toolbar>
      <h2>{t("audit.of", { subject: name })}</h2>
      <Button onClick={onAll}>{t("audit.all")}</Button>
    </Toolbar>
  );
}

interface EntryListProps {
  entries: AuditEntry[];
  /** undefined: they are all of one subject. */
  onSubject: ((subject: string) => void) | undefined;
}

function EntryList({ entries, onSubject }: EntryListProps) {
  const t = useText();
  const texts = useAuditTexts();
  return (
    <ChangeList>
      {entries.map((entry) => {
        const { id, at, actor, subject } = entry;
        const who = actor.kind === "api_key" ? t("audit.byKey", { name: actor.name }) : actor.name;
        return (
          <ChangeEntry key={id} title={texts.titleOf(entry)} at={at} who={who} changes={texts.changesOf(entry)}>
            {onSubject && (
              <Button
                look="quiet"
                aria-label={t("audit.of", { subject: texts.subjectOf(entry) ?? t("settings.title") })}
                onClick={() => onSubject(subject)}
              >
                {t("audit.history")}
              </Button>
            )}
          </ChangeEntry>
        );
      })}
    </ChangeList>
  );
}

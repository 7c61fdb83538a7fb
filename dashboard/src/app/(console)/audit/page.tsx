"use client";
import { History } from "lucide-react";
import { type AuditEntry, useAudit } from "@/data/audit";
import { useMay } from "@/data/tenant";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { PageHeader, Table, Toolbar } from "@/ui/layout";
import { EmptyState, Loaded, NoPermission, RowsSkeleton } from "@/ui/states";
import { useFilters } from "@/ui/useFilters";
import { ACTION_TEXTS } from "./actions";
import { Changes } from "./Changes";

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
    <>
      {subject && (
        <Toolbar>
          <h2>{t("audit.of", { subject })}</h2>
          <Button onClick={() => setFilters({ subject: "" })}>{t("audit.all")}</Button>
        </Toolbar>
      )}
      <Loaded query={audit} skeleton={<RowsSkeleton />}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState icon={History} title={t("audit.emptyTitle")} text={t("audit.emptyText")} />
          ) : (
            <>
              <EntryTable entries={all} onSubject={(one) => setFilters({ subject: one })} />
              {audit.more && <Button onClick={audit.more}>{t("common.more")}</Button>}
            </>
          )
        }
      </Loaded>
    </>
  );
}

function EntryTable({ entries, onSubject }: { entries: AuditEntry[]; onSubject: (subject: string) => void }) {
  const t = useText();
  const format = useFormat();
  const columns = [t("audit.when"), t("audit.who"), t("audit.what"), t("audit.where"), t("audit.changes")];
  return (
    <Table caption={t("audit.title")} columns={columns}>
      {entries.map(({ id, at, actor, action, subject, changes }) => (
        <tr key={id}>
          <td>
            <time dateTime={at}>{format.dateTime(at)}</time>
          </td>
          <td>{actor.kind === "api_key" ? t("audit.byKey", { name: actor.name }) : actor.name}</td>
          <td>{t(ACTION_TEXTS[action])}</td>
          <td>
            <Button look="quiet" onClick={() => onSubject(subject)}>
              {subject}
            </Button>
          </td>
          <td>
            <Changes changes={changes} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

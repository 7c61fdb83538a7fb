"use client";
import { Bot, Plus, SearchX } from "lucide-react";
import { useState } from "react";
import { type Agent, useAgents } from "@/data/agents";
import { useMay } from "@/data/tenant";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { Button, ButtonLink } from "@/ui/Button";
import { SearchField } from "@/ui/form";
import { CardGrid, PageHeader, Toolbar } from "@/ui/layout";
import { EmptyState, Loaded } from "@/ui/states";
import { useFilters } from "@/ui/useFilters";
import { AgentCard } from "./AgentCard";
import { type AgentAction, AgentDialogs } from "./AgentDialogs";

export default function AgentsPage() {
  const t = useText();
  const agents = useAgents();
  const mayEdit = useMay("editor");
  const [action, setAction] = useState<AgentAction>();
  const create = mayEdit && (
    <Button look="primary" onClick={() => setAction({ kind: "create" })}>
      <Plus aria-hidden />
      {t("agents.create")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("agents.title")} intro={t("agents.intro")}>
        {mayEdit && <ButtonLink href={routes.start()}>{t("agents.guided")}</ButtonLink>}
        {create}
      </PageHeader>
      <Loaded query={agents}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState icon={Bot} title={t("agents.emptyTitle")} text={t(mayEdit ? "agents.emptyText" : "agents.emptyViewer")}>
              {mayEdit && (
                <ButtonLink href={routes.start()} look="primary">
                  {t("agents.guided")}
                </ButtonLink>
              )}
            </EmptyState>
          ) : (
            <AgentList agents={all} more={agents.more} onAction={mayEdit ? setAction : undefined} />
          )
        }
      </Loaded>
      <AgentDialogs action={action} onClose={() => setAction(undefined)} />
    </>
  );
}

interface AgentListProps {
  agents: Agent[];
  more: (() => void) | undefined;
  onAction: ((action: AgentAction) => void) | undefined;
}

function AgentList({ agents, more, onAction }: AgentListProps) {
  const t = useText();
  const [{ q }, setFilters] = useFilters(["q"]);
  const found = agents.filter(({ name }) => name.toLocaleLowerCase().includes(q.toLocaleLowerCase()));
  return (
    <>
      <Toolbar>
        <SearchField label={t("agents.search")} value={q} onChange={(value) => setFilters({ q: value })} />
        <span role="status">{t("agents.count", { count: found.length })}</span>
      </Toolbar>
      {found.length === 0 ? (
        <EmptyState icon={SearchX} title={t("agents.noMatchTitle")} text={t("agents.noMatchText", { search: q })}>
          <Button onClick={() => setFilters({ q: "" })}>{t("common.clear")}</Button>
        </EmptyState>
      ) : (
        <CardGrid label={t("agents.title")}>
          {found.map((agent) => (
            <li key={agent.id}>
              <AgentCard agent={agent} onAction={onAction} />
            </li>
          ))}
        </CardGrid>
      )}
      {more && <Button onClick={more}>{t("common.more")}</Button>}
    </>
  );
}

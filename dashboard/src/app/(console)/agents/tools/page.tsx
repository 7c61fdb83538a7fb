"use client";
import { ArrowLeft, Wrench } from "lucide-react";
import { type AgentWithTools, useAgentTools } from "@/data/tools";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { ButtonLink } from "@/ui/Button";
import { CardGrid, PageHeader } from "@/ui/layout";
import { EmptyState, Loaded, NotFound } from "@/ui/states";
import { useFilters } from "@/ui/useFilters";
import { AgentTabs } from "../AgentTabs";
import { AbilitiesNow } from "./Abilities";
import { ModelView } from "./ModelView";
import { ToolCard } from "./ToolCard";
import { ToolDetail } from "./ToolDetail";

/** `?id=` is the agent; `&tool=` one of its tools, else all of them. */
export default function ToolsPage() {
  const [{ id, tool: slug }] = useFilters(["id", "tool"]);
  return id ? <ToolsOfAgent key={id} agentId={id} slug={slug} /> : <NotFound />;
}

function ToolsOfAgent({ agentId, slug }: { agentId: string; slug: string }) {
  const t = useText();
  const query = useAgentTools(agentId);
  const found = query.data?.tools.find(({ about }) => about.slug === slug);
  const agent = query.data?.agent.name;
  const title = found?.about.display_name ?? (agent === undefined ? t("tools.title") : t("tools.titleOf", { agent }));
  return (
    <>
      <PageHeader title={title} intro={found?.about.description ?? t("tools.intro")}>
        {slug && (
          <ButtonLink href={routes.agentTools({ id: agentId })}>
            <ArrowLeft aria-hidden />
            {agent === undefined ? t("tools.all") : t("tools.titleOf", { agent })}
          </ButtonLink>
        )}
      </PageHeader>
      <AgentTabs id={agentId} here="tools" />
      <Loaded query={query}>
        {(data) => {
          if (!slug) return <AllTools data={data} />;
          return found ? <ToolDetail key={slug} agentId={agentId} tool={found} /> : <NotFound />;
        }}
      </Loaded>
    </>
  );
}

function AllTools({ data: { agent, tools } }: { data: AgentWithTools }) {
  const t = useText();
  if (tools.length === 0) return <EmptyState icon={Wrench} title={t("tools.emptyTitle")} text={t("tools.emptyText")} />;
  return (
    <>
      <CardGrid label={t("tools.title")}>
        {tools.map((tool) => (
          <li key={tool.about.slug}>
            <ToolCard agentId={agent.id} tool={tool} />
          </li>
        ))}
      </CardGrid>
      <AbilitiesNow tools={tools} />
      <ModelView agentId={agent.id} />
    </>
  );
}

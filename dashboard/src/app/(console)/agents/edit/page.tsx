"use client";
import { useAgent } from "@/data/agents";
import { useText } from "@/texts/TextProvider";
import { PageHeader } from "@/ui/layout";
import { FormSkeleton, Loaded, NotFound } from "@/ui/states";
import { useFilters } from "@/ui/useFilters";
import { AgentTabs } from "../AgentTabs";
import { AgentHeader } from "./AgentHeader";
import { Editor } from "./Editor";
import { History } from "./History";

export default function AgentPage() {
  const t = useText();
  const [{ id, tab }] = useFilters(["id", "tab"]);
  const agent = useAgent(id);
  if (!id || agent.error?.kind === "not_found") {
    return (
      <>
        <PageHeader title={t("agentEditor.title")} />
        <NotFound />
      </>
    );
  }
  return (
    <>
      {!agent.data && (
        <>
          <PageHeader title={t("agentEditor.title")} />
          <AgentTabs id={id} here={tab === "history" ? "history" : "settings"} />
        </>
      )}
      <Loaded query={agent} skeleton={<FormSkeleton />}>
        {(current) => (
          <>
            <AgentHeader agent={current} tab={tab} />
            {tab === "history" ? (
              <History agent={current} />
            ) : (
              <Editor
                key={current.id}
                agent={current}
                reload={async () => (await agent.refetch({ throwOnError: true })).data}
              />
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

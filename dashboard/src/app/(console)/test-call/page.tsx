"use client";
import { Bot } from "lucide-react";
import { type Agent, useAgents } from "@/data/agents";
import { useMay } from "@/data/tenant";
import { routes } from "@/routes";
import { TestCall } from "@/testcall/TestCall";
import { useText } from "@/texts/TextProvider";
import { ButtonLink } from "@/ui/Button";
import { Select } from "@/ui/form";
import { PageHeader, Toolbar } from "@/ui/layout";
import { EmptyState, Loaded, NoPermission } from "@/ui/states";
import { useFilters } from "@/ui/useFilters";

export default function TestCallPage() {
  const t = useText();
  const agents = useAgents();
  const mayCall = useMay("editor");
  return (
    <>
      <PageHeader title={t("testCall.title")} intro={t("testCall.intro")} />
      {mayCall ? (
        <Loaded query={agents}>
          {(all) =>
            all.length > 0 ? (
              <CallOne agents={all} />
            ) : (
              <EmptyState icon={Bot} title={t("testCall.noAgentsTitle")}>
                <ButtonLink href={routes.start()} look="primary">
                  {t("start.title")}
                </ButtonLink>
              </EmptyState>
            )
          }
        </Loaded>
      ) : (
        <NoPermission />
      )}
    </>
  );
}

function CallOne({ agents }: { agents: Agent[] }) {
  const t = useText();
  const [{ agent }, setFilters] = useFilters(["agent"]);
  const chosen = agents.find(({ id }) => id === agent) ?? agents[0];
  if (!chosen) return null;
  return (
    <>
      <Toolbar>
        <Select
          label={t("testCall.agent")}
          value={chosen.id}
          onChange={(event) => setFilters({ agent: event.target.value })}
        >
          {agents.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      </Toolbar>
      <TestCall key={chosen.id} agentId={chosen.id} />
    </>
  );
}

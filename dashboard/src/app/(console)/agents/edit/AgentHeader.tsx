"use client";
import { Copy, Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import type { Agent } from "@/data/agents";
import { useMay } from "@/data/tenant";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { PageHeader } from "@/ui/layout";
import { type AgentAction, AgentDialogs } from "../AgentDialogs";
import { AgentTabs } from "../AgentTabs";

/** Of every part of one agent: its name, what can be done with it, and the way to its other parts. */
export function AgentHeader({ agent, tab }: { agent: Agent; tab: string }) {
  const t = useText();
  const router = useRouter();
  const mayEdit = useMay("editor");
  const [action, setAction] = useState<AgentAction>();
  return (
    <>
      <PageHeader title={agent.name}>
        {mayEdit && (
          <>
            <Button onClick={() => setAction({ kind: "duplicate", agent })}>
              <Copy aria-hidden />
              {t("agents.duplicate")}
            </Button>
            <Button onClick={() => setAction({ kind: "delete", agent })}>
              <Trash2 aria-hidden />
              {t("common.delete")}
            </Button>
          </>
        )}
      </PageHeader>
      <AgentTabs id={agent.id} here={tab === "history" ? "history" : "settings"} />
      <AgentDialogs action={action} onClose={() => setAction(undefined)} onDone={() => router.push(routes.agents())} />
    </>
  );
}

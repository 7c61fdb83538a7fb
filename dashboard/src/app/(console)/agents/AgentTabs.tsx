"use client";
import { useMay } from "@/data/tenant";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { Tabs } from "@/ui/Tabs";

interface AgentTabsProps {
  id: string;
  here: "settings" | "tools" | "history";
}

/** The ways to all that belongs to one agent. */
export function AgentTabs({ id, here }: AgentTabsProps) {
  const t = useText();
  const mayEdit = useMay("editor");
  return (
    <Tabs
      label={t("agentEditor.tabs")}
      items={[
        { href: routes.agent(id), text: t("agentEditor.settings"), here: here === "settings" },
        { href: routes.agentTools({ id }), text: t("tools.title"), here: here === "tools" },
        ...(mayEdit ? [{ href: routes.testCall({ agent: id }), text: t("testCall.title"), here: false }] : []),
        { href: routes.calls({ agent: id }), text: t("calls.title"), here: false },
        { href: routes.numbers(), text: t("numbers.title"), here: false },
        { href: routes.agent(id, "history"), text: t("agentEditor.history"), here: here === "history" },
      ]}
    />
  );
}

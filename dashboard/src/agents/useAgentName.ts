"use client";
import { useAgents } from "@/data/agents";
import { useText } from "@/texts/TextProvider";

/** Of an agent, by its id: nothing until it can be known, and words for one that was deleted. */
export function useAgentName(): (id: string) => string {
  const t = useText();
  const { data, error, more } = useAgents();
  return (id) => {
    const known = data?.find((agent) => agent.id === id)?.name;
    if (known !== undefined) return known;
    if (error || more) return id;
    return data ? t("agents.gone", { id }) : "";
  };
}

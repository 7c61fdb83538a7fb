"use client";
import { type Tool, useChangeTool } from "@/data/tools";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { InlineError } from "@/ui/states";
import { useToast } from "@/ui/Toasts";

export function OnOff({ agentId, tool: { about, own } }: { agentId: string; tool: Tool }) {
  const t = useText();
  const toast = useToast();
  const change = useChangeTool(agentId);
  const tool = about.display_name;
  const turn = () =>
    change.mutate(
      { slug: about.slug, etag: own.etag, enabled: !own.enabled },
      { onSuccess: () => toast(t(own.enabled ? "tools.turnedOff" : "tools.turnedOn", { tool })) },
    );
  return (
    <>
      <Button
        look={own.enabled ? "plain" : "primary"}
        busy={change.isPending}
        onClick={turn}
        aria-label={t(own.enabled ? "tools.turnOffTool" : "tools.turnOnTool", { tool })}
      >
        {t(own.enabled ? "tools.turnOff" : "tools.turnOn")}
      </Button>
      <InlineError error={change.error} />
    </>
  );
}

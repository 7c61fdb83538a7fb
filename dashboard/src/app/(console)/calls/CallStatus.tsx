import type { Call } from "@/data/calls";
import { useText } from "@/texts/TextProvider";
import { Badge } from "@/ui/layout";
import { isLive } from "./duration";

export function CallStatus({ call }: { call: Call }) {
  const t = useText();
  if (isLive(call)) return <Badge tone="accent">{t(`calls.${call.state}`)}</Badge>;
  const good = call.outcome === "caller_hung_up" || call.outcome === "agent_ended";
  return <Badge tone={good ? "good" : call.fallback_reason ? "warn" : "plain"}>{t(`calls.${call.outcome ?? "ended"}`)}</Badge>;
}

import { Copy, Trash2, Wrench } from "lucide-react";
import Link from "next/link";
import type { Agent } from "@/data/agents";
import { routes } from "@/routes";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button, ButtonLink } from "@/ui/Button";
import { Badge, Card, Facts } from "@/ui/layout";
import styles from "./AgentCard.module.css";
import type { AgentAction } from "./AgentDialogs";

interface AgentCardProps {
  agent: Agent;
  /** undefined: the person may only look. */
  onAction: ((action: AgentAction) => void) | undefined;
}

export function AgentCard({ agent, onAction }: AgentCardProps) {
  const t = useText();
  const format = useFormat();
  const hours = agent.hours
    ? t("agents.hoursSpans", { count: agent.hours.length })
    : t("agents.hoursAlways");
  return (
    <Card className={styles["card"]}>
      <div className={styles["head"]}>
        <h2>
          <Link href={routes.agent(agent.id)}>{agent.name}</Link>
        </h2>
        <Badge tone={agent.enabled ? "good" : "plain"}>{t(agent.enabled ? "agents.on" : "agents.off")}</Badge>
      </div>
      <p className={styles["greeting"]}>{agent.greeting}</p>
      <Facts
        items={[
          [t("agents.voice"), agent.voice],
          [t("agents.language"), format.languageName(agent.language)],
          [t("agents.timeZone"), agent.time_zone.replaceAll("_", " ")],
          [t("agents.hours"), hours],
        ]}
      />
      <div className={styles["actions"]} role="group" aria-label={t("agents.actionsFor", { name: agent.name })}>
        <ButtonLink href={routes.agentTools({ id: agent.id })} look="quiet">
          <Wrench aria-hidden />
          {t("tools.title")}
        </ButtonLink>
        {onAction && (
          <>
            <Button look="quiet" onClick={() => onAction({ kind: "duplicate", agent })}>
              <Copy aria-hidden />
              {t("agents.duplicate")}
            </Button>
            <Button look="quiet" onClick={() => onAction({ kind: "delete", agent })}>
              <Trash2 aria-hidden />
              {t("common.delete")}
            </Button>
          </>
        )}
      </div>
    </Card>
  );
}

"use client";
import { useMay } from "@/data/tenant";
import type { Tool } from "@/data/tools";
import { routes } from "@/routes";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { ButtonLink } from "@/ui/Button";
import { Badge, Card } from "@/ui/layout";
import styles from "./tools.module.css";
import { missingFields, missingTexts, stateOf } from "./toolState";
import { OnOff } from "./OnOff";

export function ToolCard({ agentId, tool }: { agentId: string; tool: Tool }) {
  const t = useText();
  const format = useFormat();
  const mayEdit = useMay("editor");
  const { about, own } = tool;
  const { tone, text } = stateOf(tool, t);
  const missing = missingTexts(tool, t, format);
  const account = own.connection?.state === "connected" ? own.connection.account_email : undefined;
  const mustSetUp = !own.enabled && missingFields(tool).length > 0;
  const leadsOn = mayEdit && (mustSetUp || (own.enabled && !own.ready));
  return (
    <Card className={styles["card"]}>
      <div className={styles["head"]}>
        <h2 lang={about.language}>{about.display_name}</h2>
        <Badge tone={tone}>{text}</Badge>
      </div>
      <p lang={about.language}>{about.description}</p>
      {account && <p className={styles["muted"]}>{account}</p>}
      {missing.length > 0 && (
        <ul className={styles["missing"]}>
          {missing.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      <div className={styles["actions"]}>
        {mayEdit && !mustSetUp && <OnOff agentId={agentId} tool={tool} />}
        <ButtonLink
          href={routes.agentTools({ id: agentId, tool: about.slug })}
          look={leadsOn ? "primary" : "quiet"}
        >
          {t(leadsOn ? "tools.setUp" : "tools.open")}
          <span className="visually-hidden" lang={about.language}>
            {about.display_name}
          </span>
        </ButtonLink>
      </div>
    </Card>
  );
}

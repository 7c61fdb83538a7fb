"use client";
import { ConnectAccount } from "@/connect/ConnectAccount";
import type { Tool } from "@/data/tools";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/layout";
import styles from "./start.module.css";

/** Of tools that are on: accounts to connect, and whatever else is missing. */
export function ConnectStep({ agentId, tools }: { agentId: string; tools: Tool[] }) {
  const t = useText();
  const concerned = tools.filter(({ about, own }) => about.provider !== null || !own.ready);
  if (concerned.length === 0) return <p>{t("start.connectNothing")}</p>;
  return (
    <>
      <p className={styles["muted"]}>{t("start.connectText")}</p>
      {concerned.map((tool) => (
        <Card key={tool.about.slug} className={styles["tool"]}>
          <h3 lang={tool.about.language}>{tool.about.display_name}</h3>
          {tool.about.provider !== null && <ConnectAccount agentId={agentId} tool={tool} />}
          {tool.own.ready ? (
            <p role="status">{t("start.connectReady", { tool: tool.about.display_name })}</p>
          ) : (
            <div>
              <ButtonLink href={routes.agentTools({ id: agentId, tool: tool.about.slug })}>
                {t("start.connectSetUp", { tool: tool.about.display_name })}
              </ButtonLink>
            </div>
          )}
        </Card>
      ))}
    </>
  );
}

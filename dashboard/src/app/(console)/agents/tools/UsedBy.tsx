"use client";
/** Which agents have a tool on: whoever changes one agent's may want the same of others. */
import Link from "next/link";
import { useAgentsUsing } from "@/data/agents";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/layout";
import { Loaded, Skeleton } from "@/ui/states";
import styles from "./tools.module.css";

export function UsedBy({ agentId, slug }: { agentId: string; slug: string }) {
  const t = useText();
  const agents = useAgentsUsing(slug);
  return (
    <Card className={styles["card"]}>
      <h2>{t("tools.usedBy")}</h2>
      <Loaded query={agents} skeleton={<Skeleton shape="line" />}>
        {(all) => (
          <>
            {all.length === 0 && !agents.more && <p>{t("tools.usedByNone")}</p>}
            <ul className={styles["agents"]}>
              {all.map(({ id, name }) => (
                <li key={id}>
                  <Link href={routes.agentTools({ id, tool: slug })} aria-current={id === agentId ? "page" : undefined}>
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
            {agents.more && <Button onClick={agents.more}>{t("common.more")}</Button>}
          </>
        )}
      </Loaded>
    </Card>
  );
}

"use client";
import { PhoneOff } from "lucide-react";
import type { Agent } from "@/data/agents";
import { type PhoneNumber, useAttachNumber } from "@/data/numbers";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { Button, ButtonLink } from "@/ui/Button";
import { EmptyState, InlineError } from "@/ui/states";
import styles from "./start.module.css";

export function NumberStep({ agent, numbers }: { agent: Agent; numbers: PhoneNumber[] }) {
  const t = useText();
  const attach = useAttachNumber();
  const own = numbers.filter(({ agent_id }) => agent_id === agent.id);
  const free = numbers.filter(({ agent_id }) => agent_id === null);
  const manage = <ButtonLink href={routes.numbers()}>{t("start.numberManage")}</ButtonLink>;
  if (own.length > 0) {
    return (
      <>
        <ul className={styles["plain"]} role="status">
          {own.map(({ number }) => (
            <li key={number}>{t("start.numberDone", { agent: agent.name, number })}</li>
          ))}
        </ul>
        <div>{manage}</div>
      </>
    );
  }
  if (free.length === 0) {
    return (
      <EmptyState icon={PhoneOff} title={t("start.numberNone")} text={t("start.numberNoneText")}>
        {manage}
      </EmptyState>
    );
  }
  return (
    <>
      <p className={styles["muted"]}>{t("start.numberText")}</p>
      <InlineError error={attach.error} />
      <ul className={styles["plain"]}>
        {free.map(({ number, etag }) => (
          <li key={number}>
            <Button
              busy={attach.isPending && attach.variables.number === number}
              onClick={() => attach.mutate({ number, etag, agent_id: agent.id })}
            >
              {t("start.numberAttach", { number })}
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}

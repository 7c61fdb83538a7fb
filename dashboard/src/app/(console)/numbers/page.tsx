"use client";
import { Phone } from "lucide-react";
import { useState } from "react";
import { useAgentName } from "@/agents/useAgentName";
import { useAgents } from "@/data/agents";
import { type PhoneNumber, useNumbers } from "@/data/numbers";
import { useMay } from "@/data/tenant";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Badge, PageHeader, Table, Toolbar } from "@/ui/layout";
import { EmptyState, Loaded, RowsSkeleton } from "@/ui/states";
import { type NumberAction, NumberDialogs } from "./NumberDialogs";
import styles from "./numbers.module.css";

export default function NumbersPage() {
  const t = useText();
  const numbers = useNumbers();
  const agents = useAgents();
  const mayEdit = useMay("editor");
  const [action, setAction] = useState<NumberAction>();
  return (
    <>
      <PageHeader title={t("numbers.title")} intro={t("numbers.intro")} />
      <Loaded query={numbers} skeleton={<RowsSkeleton />}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState icon={Phone} title={t("numbers.emptyTitle")} text={t("numbers.emptyText")} />
          ) : (
            <>
              <Toolbar>
                <span role="status">{t("numbers.count", { count: all.length })}</span>
              </Toolbar>
              <NumberTable numbers={all} onAction={mayEdit ? setAction : undefined} />
              {numbers.more && <Button onClick={numbers.more}>{t("common.more")}</Button>}
            </>
          )
        }
      </Loaded>
      <NumberDialogs action={action} agents={agents.data ?? []} onClose={() => setAction(undefined)} />
    </>
  );
}

interface NumberTableProps {
  numbers: PhoneNumber[];
  onAction: ((action: NumberAction) => void) | undefined;
}

function NumberTable({ numbers, onAction }: NumberTableProps) {
  const t = useText();
  const agentName = useAgentName();
  return (
    <Table
      caption={t("numbers.title")}
      columns={[t("numbers.number"), t("numbers.name"), t("numbers.agent"), t("numbers.state")]}
      rows={numbers.map((each) => ({
        key: each.number,
        cells: [
          each.number,
          each.name || "–",
          each.agent_id === null ? t("numbers.nobody") : agentName(each.agent_id),
          <State key="state" number={each} />,
        ],
        actions: onAction && actionsOf(each, onAction, t),
      }))}
    />
  );
}

function State({ number }: { number: PhoneNumber }) {
  const t = useText();
  if (number.agent_id === null) return <Badge>{t("numbers.free")}</Badge>;
  if (number.routed) return <Badge tone="good">{t("numbers.answered")}</Badge>;
  return (
    <>
      <Badge tone="warn">{t("numbers.notRouted")}</Badge>
      <p className={styles["hint"]}>{t("numbers.notRoutedHint")}</p>
    </>
  );
}

function actionsOf(number: PhoneNumber, onAction: (action: NumberAction) => void, t: TextFunction) {
  const attached = number.agent_id !== null;
  const attach = attached ? (number.routed ? "numbers.change" : "numbers.repair") : "numbers.attach";
  return [
    { text: t(attach), onPress: () => onAction({ kind: "attach", number }) },
    ...(attached ? [{ text: t("numbers.detach"), onPress: () => onAction({ kind: "detach", number }) }] : []),
  ];
}

"use client";
import { useMay } from "@/data/tenant";
import { useText } from "@/texts/TextProvider";
import { PageHeader } from "@/ui/layout";
import { NoPermission } from "@/ui/states";
import { useFilters } from "@/ui/useFilters";
import { BeforeAgent } from "./BeforeAgent";
import { WithAgent } from "./WithAgent";

/** `?agent=` is the one that is set up, once it exists; `&step=` where somebody is, else where there is to go on. */
export default function StartPage() {
  const t = useText();
  const mayEdit = useMay("editor");
  const [{ agent, step }] = useFilters(["agent", "step"]);
  return (
    <>
      <PageHeader title={t("start.title")} intro={t("start.intro")} />
      {!mayEdit ? <NoPermission /> : agent ? <WithAgent key={agent} agentId={agent} step={step} /> : <BeforeAgent step={step} />}
    </>
  );
}

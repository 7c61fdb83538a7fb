"use client";
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { useAgents } from "@/data/agents";
import { useCalls } from "@/data/calls";
import { useNumbers } from "@/data/numbers";
import { useMay, useTenant } from "@/data/tenant";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { PageHeader } from "@/ui/layout";
import { CardsSkeleton, Loaded } from "@/ui/states";
import { Overview } from "./Overview";

/** Whoever has no agent yet, and may make one, is led to setting one up; others see how their calls are answered. */
export default function HomePage() {
  const t = useText();
  const router = useRouter();
  const tenant = useTenant();
  const mayEdit = useMay("editor");
  const agents = useAgents();
  const numbers = useNumbers();
  const calls = useCalls({});
  const begin = mayEdit && agents.data?.length === 0;
  useEffect(() => {
    if (begin) router.replace(routes.start());
  }, [begin, router]);
  if (begin) return <CardsSkeleton />;
  return (
    <>
      <PageHeader title={t("home.title")} intro={t("home.intro", { tenant: tenant.name })} />
      <Loaded query={agents}>
        {(all) => <Loaded query={numbers}>{(held) => <Overview agents={all} numbers={held} calls={calls} />}</Loaded>}
      </Loaded>
    </>
  );
}

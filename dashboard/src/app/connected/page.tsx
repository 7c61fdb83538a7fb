"use client";
import { CircleCheck } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { takeReturn } from "@/connect/returning";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { ButtonLink } from "@/ui/Button";
import { FullPage } from "@/ui/FullPage";
import { EmptyState, PageSkeleton } from "@/ui/states";

/** Where the connection function's page leads: back to where this tab came from, or to the end of a window. */
export default function ConnectedPage() {
  const t = useText();
  const router = useRouter();
  const [isWindow, setWindow] = useState(false);
  useEffect(() => {
    const path = takeReturn();
    if (path) router.replace(path);
    else setWindow(true);
  }, [router]);
  if (!isWindow) return <PageSkeleton />;
  return (
    <FullPage>
      <EmptyState icon={CircleCheck} title={t("connect.windowDone")}>
        <ButtonLink href={routes.home()}>{t("common.notFoundAction")}</ButtonLink>
      </EmptyState>
    </FullPage>
  );
}

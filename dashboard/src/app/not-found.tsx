"use client";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { ButtonLink } from "@/ui/Button";
import { FullPage } from "@/ui/FullPage";
import { EmptyState } from "@/ui/states";

export default function NotFoundPage() {
  const t = useText();
  return (
    <FullPage>
      <title>{`${t("common.notFoundTitle")} · Trunkline`}</title>
      <EmptyState title={t("common.notFoundTitle")} text={t("common.notFoundText")}>
        <ButtonLink look="primary" href={routes.home()}>
          {t("common.notFoundAction")}
        </ButtonLink>
      </EmptyState>
    </FullPage>
  );
}

"use client";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { FullPage } from "@/ui/FullPage";
import { ErrorNote } from "@/ui/states";

/** A page's code threw: nobody's data is at risk, and reloading starts afresh. */
export default function BrokenPage() {
  const t = useText();
  return (
    <FullPage>
      <ErrorNote title={t("common.brokenTitle")} text={t("common.brokenText")} />
      <Button look="primary" onClick={() => location.reload()}>
        {t("common.reload")}
      </Button>
    </FullPage>
  );
}

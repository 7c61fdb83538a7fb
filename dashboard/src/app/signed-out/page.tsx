"use client";
import { LogOut } from "lucide-react";
import { useSignIn } from "@/session/SessionProvider";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { FullPage } from "@/ui/FullPage";
import { EmptyState } from "@/ui/states";

export default function SignedOutPage() {
  const t = useText();
  const signIn = useSignIn();
  return (
    <FullPage>
      <title>{`${t("session.signedOutTitle")} · Trunkline`}</title>
      <EmptyState icon={LogOut} title={t("session.signedOutTitle")}>
        <Button look="primary" onClick={() => void signIn({ returnTo: "/", chooseAccount: true })}>
          {t("session.again")}
        </Button>
      </EmptyState>
    </FullPage>
  );
}

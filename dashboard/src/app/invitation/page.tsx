"use client";
/** Where the link of an invitation leads: sign in, whoever you are, then accept. */
import { MailOpen } from "lucide-react";
import { useSearchParams } from "next/navigation";
import { Suspense } from "react";
import { useAcceptInvitation } from "@/data/team";
import { useSession, useSignIn } from "@/session/SessionProvider";
import { SignedIn } from "@/shell/Console";
import { tenantAddress } from "@/shell/tenantChoice";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { FullPage } from "@/ui/FullPage";
import { EmptyState, errorText, ErrorNote, PageSkeleton } from "@/ui/states";

export default function InvitationPage() {
  return (
    <Suspense fallback={<PageSkeleton />}>
      <SignedIn>
        <Invitation />
      </SignedIn>
    </Suspense>
  );
}

function Invitation() {
  const t = useText();
  const token = useSearchParams().get("token");
  const who = useSession().person?.email ?? "?";
  const signIn = useSignIn();
  const accept = useAcceptInvitation();
  const otherAccount = () => void signIn({ returnTo: location.pathname + location.search, chooseAccount: true });
  const submit = () =>
    accept.mutate(token ?? "", {
      onSuccess: (tenant) => location.assign(tenantAddress(tenant?.id ?? "")),
    });
  return (
    <FullPage>
      <title>{`${t("members.acceptTitle")} · Trunkline`}</title>
      {accept.error && <ErrorNote title={t("members.acceptFailed")} text={errorText(accept.error, t)} />}
      {token ? (
        <EmptyState icon={MailOpen} title={t("members.acceptTitle")} text={t("members.acceptText", { who })}>
          <Button look="primary" busy={accept.isPending || accept.isSuccess} onClick={submit}>
            {t("members.accept")}
          </Button>
          <Button onClick={otherAccount}>{t("session.otherAccount")}</Button>
        </EmptyState>
      ) : (
        <EmptyState title={t("members.acceptTitle")} text={t("members.acceptMissing")} />
      )}
    </FullPage>
  );
}

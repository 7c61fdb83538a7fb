"use client";
import { CircleCheck } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useRef, useState } from "react";
import { HAND_OVER, Session } from "@/session/session";
import { useConfig, useSession, useSignIn } from "@/session/SessionProvider";
import { signInText } from "@/session/signInText";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { FullPage } from "@/ui/FullPage";
import { EmptyState, ErrorNote, PageSkeleton } from "@/ui/states";

/** Where the issuer sends the browser back to: the code becomes a token, and the visitor gets on. */
export default function SignedInPage() {
  const t = useText();
  const config = useConfig();
  const session = useSession();
  const router = useRouter();
  const signIn = useSignIn();
  const [problem, setProblem] = useState<string>();
  const [handedOver, setHandedOver] = useState(false);
  const begun = useRef(false); // a code can be used once, and effects may run twice
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    const complete = async () => {
      const { completeSignIn } = await import("@/session/oidc");
      const { token, returnTo } = await completeSignIn(config, new URL(location.href));
      if (returnTo === HAND_OVER) {
        Session.handOver(token);
        setHandedOver(true);
        window.close();
        return;
      }
      session.put(token);
      router.replace(returnTo);
    };
    complete().catch((error: unknown) => setProblem(signInText(error, t)));
  }, [config, session, router, t]);
  if (handedOver) {
    return (
      <FullPage>
        <EmptyState icon={CircleCheck} title={t("session.handedOver")} />
      </FullPage>
    );
  }
  if (!problem) return <PageSkeleton />;
  return (
    <FullPage>
      <ErrorNote title={t("session.failedTitle")} text={problem} />
      <Button look="primary" onClick={() => void signIn({ returnTo: "/" })}>
        {t("session.again")}
      </Button>
    </FullPage>
  );
}

"use client";
import { type ReactNode, useEffect, useState } from "react";
import { useText } from "@/texts/TextProvider";
import { FullPage } from "@/ui/FullPage";
import { ErrorNote } from "@/ui/states";
import type { SignInOptions } from "./oidc";
import { useSignIn } from "./SessionProvider";
import { signInText } from "./signInText";

interface GoAndSignInProps {
  options: () => SignInOptions;
  /** Until the issuer's page is there. */
  children: ReactNode;
}

/** To the issuer as soon as it is rendered; where that fails, why, and the way to try again. */
export function GoAndSignIn({ options, children }: GoAndSignInProps) {
  const t = useText();
  const signIn = useSignIn();
  const [failed, setFailed] = useState<string>();
  const go = () => {
    setFailed(undefined);
    signIn(options()).catch((error: unknown) => setFailed(signInText(error, t)));
  };
  useEffect(go, []); // once each time that somebody has to sign in, whatever renders again meanwhile
  if (failed === undefined) return children;
  return (
    <FullPage>
      <ErrorNote title={t("session.failedTitle")} text={failed} onRetry={go} />
    </FullPage>
  );
}

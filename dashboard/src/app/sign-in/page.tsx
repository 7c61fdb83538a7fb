"use client";
import { useEffect } from "react";
import { HAND_OVER } from "@/session/session";
import { useSignIn } from "@/session/SessionProvider";
import { PageSkeleton } from "@/ui/states";

/** The small window in which somebody signs in again while another one keeps an unsaved form. */
export default function SignInWindow() {
  const signIn = useSignIn();
  useEffect(() => {
    void signIn({ returnTo: HAND_OVER });
  }, []);
  return <PageSkeleton />;
}

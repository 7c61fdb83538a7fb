"use client";
import { GoAndSignIn } from "@/session/GoAndSignIn";
import { HAND_OVER } from "@/session/session";
import { PageSkeleton } from "@/ui/states";

/** The small window in which somebody signs in again while another one keeps an unsaved form. */
export default function SignInWindow() {
  return (
    <GoAndSignIn options={() => ({ returnTo: HAND_OVER })}>
      <PageSkeleton />
    </GoAndSignIn>
  );
}

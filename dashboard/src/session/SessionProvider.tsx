"use client";
/** Loads the configuration, holds the session, and signs people in: what every page stands on. */
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { type Config, loadConfig } from "@/config";
import { useText } from "@/texts/TextProvider";
import { FullPage } from "@/ui/FullPage";
import { ErrorNote, PageSkeleton } from "@/ui/states";
import type { SignInOptions } from "./oidc";
import { Session, type SessionState } from "./session";
import "./unsaved"; // before the router listens to the history

interface Held {
  config: Config;
  session: Session;
}

const SessionContext = createContext<Held | undefined>(undefined);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [config, setConfig] = useState<Config>();
  const [failed, setFailed] = useState(false);
  const [session] = useState(() => new Session());
  const t = useText();
  const load = () => {
    setFailed(false);
    loadConfig().then(setConfig, (error: unknown) => {
      console.error(error);
      setFailed(true);
    });
  };
  useEffect(load, []);
  useEffect(() => session.listen(), [session]);
  if (failed) {
    return (
      <FullPage>
        <ErrorNote title={t("session.unreachable")} text={t("session.unreachableText")} onRetry={load} />
      </FullPage>
    );
  }
  if (!config) return <PageSkeleton />;
  return <SessionContext value={{ config, session }}>{children}</SessionContext>;
}

function useHeld(): Held {
  const held = useContext(SessionContext);
  if (!held) throw new Error("outside of SessionProvider");
  return held;
}

export const useConfig = (): Config => useHeld().config;
export const useSession = (): Session => useHeld().session;

export function useSessionState(): SessionState {
  const session = useSession();
  return useSyncExternalStore(session.subscribe, session.getState, session.getState);
}

/** Leaves for the issuer and comes back to `returnTo`. */
export function useSignIn(): (options: SignInOptions) => Promise<void> {
  const config = useConfig();
  return async (options) => (await import("./oidc")).startSignIn(config, options);
}

/** Here and, where it offers that, at the issuer. */
export function useSignOut(): () => Promise<void> {
  const { config, session } = useHeld();
  return async () => {
    const token = session.token();
    const { signOutUrl } = await import("./oidc");
    const url = token ? await signOutUrl(config, token).catch(() => undefined) : undefined;
    location.assign(url ?? "/signed-out/");
  };
}

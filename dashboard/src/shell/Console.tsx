"use client";
/** What stands between a visitor and the pages: signing in, and being a member of a tenant. */
import { Users } from "lucide-react";
import { usePathname, useSearchParams } from "next/navigation";
import { type ReactNode, useEffect } from "react";
import { ApiProvider } from "@/api/ApiProvider";
import { TenantContext, useTenants } from "@/data/tenant";
import { GoAndSignIn } from "@/session/GoAndSignIn";
import { useSession, useSessionState, useSignIn, useSignOut } from "@/session/SessionProvider";
import { hasUnsavedChanges } from "@/session/unsaved";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Dialog, DialogActions } from "@/ui/Dialog";
import { FullPage } from "@/ui/FullPage";
import { EmptyState, ErrorNote, PageError, PageSkeleton } from "@/ui/states";
import { ToastProvider } from "@/ui/Toasts";
import { Shell } from "./Shell";
import { chosenTenant, rememberTenant } from "./tenantChoice";

export function Console({ children }: { children: ReactNode }) {
  return (
    <SignedIn>
      <Member>{children}</Member>
    </SignedIn>
  );
}

/** For whoever has signed in, member or not. */
export function SignedIn({ children }: { children: ReactNode }) {
  const state = useSessionState();
  const unsaved = state === "expired" && hasUnsavedChanges();
  if (state === "refused") return <Refused />;
  if (state === "signed-in" || unsaved) {
    return (
      <ApiProvider>
        <ToastProvider>
          {children}
          {unsaved && <SignInAgain />}
        </ToastProvider>
      </ApiProvider>
    );
  }
  return <SignInHere />;
}

/** And back to this address. */
function SignInHere() {
  const t = useText();
  const session = useSession();
  const path = usePathname();
  const search = useSearchParams();
  const options = () => {
    const query = new URLSearchParams(search);
    const loginHint = query.get("login_hint") ?? session.person?.email;
    query.delete("login_hint");
    return { returnTo: query.size ? `${path}?${query}` : path, loginHint };
  };
  return (
    <GoAndSignIn options={options}>
      <p className="visually-hidden" role="status">
        {t("session.signingIn")}
      </p>
      <PageSkeleton />
    </GoAndSignIn>
  );
}

/** The page stays as it is, with what has been entered; a second window signs in and hands the token over. */
function SignInAgain() {
  const t = useText();
  const open = () => window.open("/sign-in/", "trunkline-sign-in", "popup,width=520,height=720");
  return (
    <Dialog title={t("session.expiredTitle")} text={t("session.expiredText")}>
      <DialogActions>
        <Button look="primary" onClick={open}>
          {t("session.again")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Refused() {
  const t = useText();
  const signIn = useSignIn();
  return (
    <FullPage>
      <ErrorNote title={t("session.refusedTitle")} text={t("session.refusedText")} />
      <Button look="primary" onClick={() => void signIn({ returnTo: "/", chooseAccount: true })}>
        {t("session.otherAccount")}
      </Button>
    </FullPage>
  );
}

function Member({ children }: { children: ReactNode }) {
  const t = useText();
  const tenants = useTenants();
  const search = useSearchParams();
  const path = usePathname();
  const session = useSession();
  const signOut = useSignOut();
  const items = tenants.data?.items;
  const tenant = items && chosenTenant(items, search.get("tenant"));
  const id = tenant?.id;
  const several = (items?.length ?? 0) > 1;
  useEffect(() => {
    if (!id) return;
    rememberTenant(id);
    const address = new URL(window.location.href);
    // With several tenants a link has to say which one it shows: somebody else may open it.
    if (several && address.searchParams.get("tenant") !== id) {
      address.searchParams.set("tenant", id);
      window.history.replaceState(null, "", address);
    }
  }, [id, several, path, search]);
  if (!items) {
    if (!tenants.error) return <PageSkeleton />;
    return (
      <FullPage>
        <PageError error={tenants.error} onRetry={() => void tenants.refetch()} />
      </FullPage>
    );
  }
  if (!tenant) {
    const who = session.person?.email ?? "?";
    return (
      <FullPage>
        <EmptyState icon={Users} title={t("session.noTenantTitle")} text={t("session.noTenantText", { who })}>
          <Button onClick={() => void signOut()}>{t("session.signOut")}</Button>
        </EmptyState>
      </FullPage>
    );
  }
  return (
    <TenantContext value={tenant}>
      <Shell>{children}</Shell>
    </TenantContext>
  );
}

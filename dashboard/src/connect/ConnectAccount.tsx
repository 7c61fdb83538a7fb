"use client";
/** A tool's account: whose it is, what it allows, and the way to connect, reconnect and disconnect it. */
import { Link2, Link2Off } from "lucide-react";
import { type ReactNode, useCallback, useRef, useState } from "react";
import { useDisconnect } from "@/data/connections";
import { useMay } from "@/data/tenant";
import type { CatalogTool, Tool } from "@/data/tools";
import { en } from "@/texts/en";
import { useFormat } from "@/texts/format";
import { platformText } from "@/texts/platformText";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { FormDialog } from "@/ui/Dialog";
import { Badge, Facts } from "@/ui/layout";
import { InlineError } from "@/ui/states";
import { useToast } from "@/ui/Toasts";
import styles from "./ConnectAccount.module.css";
import { type Connecting, useConnecting } from "./useConnecting";

interface ConnectAccountProps {
  agentId: string;
  tool: Tool;
  onConnected?: () => void;
}

/** Only for a tool whose `about.provider` is set. */
export function ConnectAccount({ agentId, tool, onConnected }: ConnectAccountProps) {
  const t = useText();
  const toast = useToast();
  const mayEdit = useMay("editor");
  const heading = useRef<HTMLDivElement>(null);
  const [ending, setEnding] = useState(false);
  const { about, own } = tool;
  const provider = about.provider ?? "";
  const connection = own.connection;
  const address = { provider, agent_id: agentId, tool: about.slug };
  const done = useCallback(
    (account: string | undefined) => {
      toast(account ? t("connect.connectedTo", { account }) : t("connect.connected"));
      heading.current?.focus();
      onConnected?.();
    },
    [toast, t, onConnected],
  );
  const { state, start, cancel } = useConnecting({ tool: address, since: connection?.since, onConnected: done });
  const connected = connection?.state === "connected";
  const account = connection?.account_email ?? undefined;
  const reason = platformText(connection?.reason ?? "", t);
  return (
    <section className={styles["connection"]} aria-label={t("connect.title")}>
      <div ref={heading} tabIndex={-1} className={styles["head"]}>
        <strong>{nameOf(provider)}</strong>
        <Badge tone={connected ? "good" : connection ? "danger" : "warn"}>
          {t(connected ? "connect.connected" : connection ? "connect.disconnected" : "connect.never")}
        </Badge>
      </div>
      {connection && !connected && (
        <p>
          <span lang={reason.lang}>{reason.text}</span> {t("connect.reconnectText")}
        </p>
      )}
      <ConnectionFacts tool={tool} />
      <Progress state={state} provider={nameOf(provider)} onCancel={cancel} />
      {mayEdit && (
        <div className={styles["actions"]}>
          {connected ? (
            <Button onClick={() => setEnding(true)}>
              <Link2Off aria-hidden />
              {t("connect.disconnect")}
            </Button>
          ) : (
            <>
              <Button look="primary" busy={state.phase === "starting"} onClick={() => start(account)}>
                <Link2 aria-hidden />
                {account ? t("connect.reconnect", { account }) : t("connect.connect", { provider: nameOf(provider) })}
              </Button>
              {account && <Button onClick={() => start()}>{t("connect.otherAccount")}</Button>}
            </>
          )}
        </div>
      )}
      {ending && (
        <Disconnect
          address={address}
          account={account ?? nameOf(provider)}
          onClose={(ended) => {
            setEnding(false);
            if (ended) heading.current?.focus();
          }}
        />
      )}
    </section>
  );
}

function ConnectionFacts({ tool: { about, own } }: { tool: Tool }) {
  const t = useText();
  const format = useFormat();
  const connection = own.connection;
  const connected = connection?.state === "connected";
  const words = unique((connected ? connection.scopes : about.scopes).map((scope) => scopeText(scope, about, t)));
  const scopes = (
    <ul className={styles["scopes"]}>
      {words.map(({ text, lang }) => (
        <li key={text} lang={lang}>
          {text}
        </li>
      ))}
    </ul>
  );
  const facts: [string, ReactNode][] = [];
  if (connection?.account_email) facts.push([t("connect.account"), connection.account_email]);
  if (connection?.since) facts.push([t(connected ? "connect.since" : "connect.endedAt"), format.dateTime(connection.since)]);
  facts.push([t(connected ? "connect.allows" : "connect.willAsk"), scopes]);
  return <Facts items={facts} />;
}

interface ProgressProps {
  state: Connecting;
  provider: string;
  onCancel: () => void;
}

function Progress({ state, provider, onCancel }: ProgressProps) {
  const t = useText();
  switch (state.phase) {
    case "idle":
    case "starting":
      return null;
    case "waiting":
    case "closed":
      return (
        <div role="status" className={styles["progress"]}>
          <p>{t(state.phase === "waiting" ? "connect.waiting" : "connect.closed", { provider })}</p>
          <Button look="quiet" onClick={onCancel}>
            {t("common.cancel")}
          </Button>
        </div>
      );
    case "failed":
      return (
        <p role="alert" className={styles["failed"]}>
          {failureText(state, t)}
        </p>
      );
    case "refused":
      return <InlineError error={state.error} />;
  }
}

/** Of a reason that this build does not know yet: the function's own sentence. */
function failureText({ reason, message }: Extract<Connecting, { phase: "failed" }>, t: TextFunction): string {
  return isKnown(reason) ? t(`consent.${reason}`) : (message ?? t("connect.failed"));
}

const isKnown = (reason: string): reason is keyof typeof en.consent => Object.hasOwn(en.consent, reason);

interface ScopeText {
  text: string;
  lang: string | undefined;
}

/** Several scopes may mean the same to people. */
const unique = (texts: ScopeText[]): ScopeText[] => [...new Map(texts.map((one) => [one.text, one])).values()];

/** Those that only say who somebody is have the same meaning everywhere (OpenID Connect). */
function scopeText(scope: string, about: CatalogTool, t: TextFunction): ScopeText {
  const known = about.scope_texts[scope];
  if (known) return { text: known, lang: about.language };
  if (["openid", "email", "profile"].includes(scope) || /\/userinfo\.(email|profile)$/.test(scope)) {
    return { text: t("connect.scopeIdentity"), lang: undefined };
  }
  return { text: scope, lang: undefined };
}

/** “hubspot” → “Hubspot”: providers are known by id alone. */
function nameOf(provider: string): string {
  return provider.charAt(0).toLocaleUpperCase() + provider.slice(1);
}

interface DisconnectProps {
  address: { provider: string; agent_id: string; tool: string };
  account: string;
  onClose: (ended: boolean) => void;
}

function Disconnect({ address, account, onClose }: DisconnectProps) {
  const t = useText();
  const disconnect = useDisconnect();
  const submit = () =>
    disconnect
      .mutateAsync(address)
      .then(({ revoked }) => t(revoked ? "connect.disconnectedRevoked" : "connect.disconnectedKept", { account }));
  return (
    <FormDialog
      title={t("connect.disconnectTitle", { account })}
      text={t("connect.disconnectText")}
      action={t("connect.disconnect")}
      danger
      busy={disconnect.isPending}
      error={disconnect.error}
      onClose={() => onClose(false)}
      onSubmit={submit}
      onDone={() => onClose(true)}
    />
  );
}

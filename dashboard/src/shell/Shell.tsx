"use client";
/** The frame around every page of a signed-in member: navigation at the side, on a phone behind a button. */
import { Menu, PhoneCall, X } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTenant, useTenants } from "@/data/tenant";
import { routes } from "@/routes";
import { useSession, useSignOut } from "@/session/SessionProvider";
import { type Language, LANGUAGES, useLanguage, useText } from "@/texts/TextProvider";
import { Button, IconButton } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { OfflineBanner } from "@/ui/states";
import { isAt, NAVIGATION } from "./nav";
import styles from "./Shell.module.css";
import { tenantAddress } from "./tenantChoice";

export function Shell({ children }: { children: ReactNode }) {
  const t = useText();
  const path = usePathname();
  const [open, setOpen] = useState(false);
  const menu = useRef<HTMLButtonElement>(null);
  const content = useRef<HTMLElement>(null);
  const close = (next: HTMLElement | null) => {
    if (!open) return;
    setOpen(false);
    next?.focus();
  };
  useEffect(() => close(content.current), [path]);
  return (
    <div className={styles["shell"]} onKeyDown={(event) => event.key === "Escape" && close(menu.current)}>
      <a href="#content" className={styles["skip"]}>
        {t("common.skipToContent")}
      </a>
      <div className={styles["bar"]}>
        <Brand />
        <IconButton
          ref={menu}
          label={open ? t("common.closeNavigation") : t("common.openNavigation")}
          aria-expanded={open}
          aria-controls="side"
          onClick={() => setOpen(!open)}
        >
          {open ? <X aria-hidden /> : <Menu aria-hidden />}
        </IconButton>
      </div>
      <div id="side" className={cx(styles["side"], open && styles["open"])}>
        <Brand />
        <Navigation path={path} />
        <Foot />
      </div>
      <main ref={content} id="content" className={styles["content"]} tabIndex={-1}>
        <OfflineBanner />
        {children}
      </main>
    </div>
  );
}

function Brand() {
  const t = useText();
  return (
    <Link href={routes.home()} className={styles["brand"]}>
      <PhoneCall aria-hidden size={20} />
      {t("common.product")}
    </Link>
  );
}

function Navigation({ path }: { path: string }) {
  const t = useText();
  return (
    <nav className={styles["nav"]} aria-label={t("common.navigation")}>
      <ul>
        {NAVIGATION.map((item) => (
          <li key={item.href}>
            <Link href={item.href} aria-current={isAt(item, path) ? "page" : undefined}>
              <item.icon aria-hidden size={18} />
              {t(item.label)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Foot() {
  const t = useText();
  const { language, choose } = useLanguage();
  const tenant = useTenant();
  const person = useSession().person;
  const signOut = useSignOut();
  return (
    <div className={styles["foot"]}>
      <TenantChoice />
      <p className={styles["who"]}>
        {t("session.signedInAs", { who: person?.email ?? person?.name ?? "?" })} · {t(`common.${tenant.role}`)}
      </p>
      <label>
        {t("common.language")}
        <select value={language} onChange={(event) => choose(event.target.value as Language)}>
          {Object.entries(LANGUAGES).map(([tag, name]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Button onClick={() => void signOut()}>{t("session.signOut")}</Button>
    </div>
  );
}

/** Links, each of which loads the page anew; a select would go to the next one as soon as an arrow key is pressed. */
function TenantChoice() {
  const t = useText();
  const tenant = useTenant();
  const others = useTenants().data?.items.filter(({ id }) => id !== tenant.id) ?? [];
  if (others.length === 0) return <strong>{tenant.name}</strong>;
  return (
    <details className={styles["tenants"]}>
      <summary>
        <span className="visually-hidden">{t("common.tenant")}: </span>
        <strong>{tenant.name}</strong>
      </summary>
      <ul>
        {others.map(({ id, name }) => (
          <li key={id}>
            <a href={tenantAddress(id)}>{name}</a>
          </li>
        ))}
      </ul>
    </details>
  );
}

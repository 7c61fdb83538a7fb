import Link from "next/link";
import type { ComponentProps, ReactNode } from "react";
import styles from "./Button.module.css";
import { cx } from "./cx";

type Look = "plain" | "primary" | "danger" | "quiet";

interface ButtonProps extends ComponentProps<"button"> {
  look?: Look;
  /** What it does is under way: it cannot be pressed again, and says so. */
  busy?: boolean;
}

export function Button({ look = "plain", busy = false, className, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={cx(styles["button"], look !== "plain" && styles[look], busy && styles["busy"], className)}
      // Not `disabled`, which would take the focus away from whoever has just pressed it.
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy && <span className={styles["spinner"]} aria-hidden />}
      {children}
    </button>
  );
}

/** A picture alone; `label` is what it says to who does not see it. */
export function IconButton({ label, children, ...rest }: ButtonProps & { label: string }) {
  return (
    <Button look="quiet" {...rest} className={cx(styles["icon"], rest.className)} aria-label={label} title={label}>
      {children}
    </Button>
  );
}

export function ButtonLink({ href, look = "plain", children }: { href: string; look?: Look; children: ReactNode }) {
  return (
    <Link href={href} className={cx(styles["button"], look !== "plain" && styles[look])}>
      {children}
    </Link>
  );
}

"use client";
import Link from "next/link";
import { useLayoutEffect, useRef } from "react";
import styles from "./Tabs.module.css";

interface TabsProps {
  /** What they are parts of. */
  label: string;
  items: { href: string; text: string; here: boolean }[];
}

/** Pages that belong together, as links: each has its own address. One row, which scrolls where it is too long. */
export function Tabs({ label, items }: TabsProps) {
  const row = useRef<HTMLUListElement>(null);
  const here = items.find((item) => item.here)?.href;
  useLayoutEffect(() => {
    const current = row.current?.querySelector<HTMLElement>('[aria-current="page"]');
    if (!row.current || !current) return;
    row.current.scrollLeft = current.offsetLeft - (row.current.clientWidth - current.offsetWidth) / 2;
  }, [here]);
  return (
    <nav aria-label={label} className={styles["tabs"]}>
      <ul ref={row}>
        {items.map(({ href, text, here }) => (
          <li key={href}>
            <Link href={href} aria-current={here ? "page" : undefined}>
              {text}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

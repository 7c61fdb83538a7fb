import Link from "next/link";
import styles from "./Tabs.module.css";

interface TabsProps {
  /** What they are parts of. */
  label: string;
  items: { href: string; text: string; here: boolean }[];
}

/** Pages that belong together, as links: each has its own address. */
export function Tabs({ label, items }: TabsProps) {
  return (
    <nav aria-label={label} className={styles["tabs"]}>
      <ul>
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

import type { ReactNode } from "react";
import styles from "./layout.module.css";

/** One message in the middle of an otherwise empty page. */
export function FullPage({ children }: { children: ReactNode }) {
  return <main className={styles["fullPage"]}>{children}</main>;
}

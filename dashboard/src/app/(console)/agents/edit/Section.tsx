import type { ReactNode } from "react";
import { Card } from "@/ui/layout";
import styles from "./Editor.module.css";

/** Fields that belong together, under a heading. */
export function Section({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <Card className={styles["section"]}>
      <h2>{title}</h2>
      {text && <p className={styles["text"]}>{text}</p>}
      {children}
    </Card>
  );
}

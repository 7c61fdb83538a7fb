/** “What will the agent be able to do”, from the catalogue's actions, in plain words. */
import { Eye, Pencil } from "lucide-react";
import type { CatalogTool, Tool } from "@/data/tools";
import { useText } from "@/texts/TextProvider";
import { Card } from "@/ui/layout";
import styles from "./tools.module.css";

/** Of all tools that the next call can use. */
export function AbilitiesNow({ tools }: { tools: Tool[] }) {
  const t = useText();
  const usable = tools.filter(({ own }) => own.enabled && own.ready);
  return (
    <section className={styles["section"]}>
      <h2>{t("tools.abilitiesNow")}</h2>
      <Card className={styles["card"]}>
        {usable.length === 0 ? (
          <p>{t("tools.abilitiesNone")}</p>
        ) : (
          usable.map(({ about }) => (
            <section key={about.slug}>
              <h3 lang={about.language}>{about.display_name}</h3>
              <Abilities of={about} />
            </section>
          ))
        )}
      </Card>
    </section>
  );
}

export function Abilities({ of: { actions, language } }: { of: CatalogTool }) {
  const t = useText();
  const groups = [
    { key: "looks", title: t("tools.looksUp"), icon: Eye, actions: actions.filter((action) => action.read_only) },
    { key: "changes", title: t("tools.changes"), icon: Pencil, actions: actions.filter((action) => !action.read_only) },
  ];
  return (
    <div className={styles["abilities"]}>
      {groups
        .filter((group) => group.actions.length > 0)
        .map(({ key, title, icon: Icon, actions: few }) => (
          <div key={key}>
            <p className={styles["kind"]}>
              <Icon aria-hidden size={16} /> {title}
            </p>
            <ul lang={language}>
              {few.map(({ name, description }) => (
                <li key={name}>{firstSentence(description)}</li>
              ))}
            </ul>
          </div>
        ))}
    </div>
  );
}

/** It says what is done; the others tell the model how to go about it, by names that only it knows. */
function firstSentence(description: string): string {
  const end = /[.!?](?=\s)/.exec(description);
  return end ? description.slice(0, end.index + 1) : description;
}

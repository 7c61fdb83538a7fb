"use client";
/** For experts: what a call's model is given, word for word. */
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { usePreview } from "@/data/tools";
import { useText } from "@/texts/TextProvider";
import { Card, Facts } from "@/ui/layout";
import { Loaded, RowsSkeleton } from "@/ui/states";
import styles from "./tools.module.css";

export function ModelView({ agentId }: { agentId: string }) {
  const t = useText();
  const [open, setOpen] = useState(false);
  return (
    <details className={styles["expert"]} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("tools.expert")}</summary>
      {open && <Preview agentId={agentId} />}
    </details>
  );
}

function Preview({ agentId }: { agentId: string }) {
  const t = useText();
  return (
    <Card className={styles["card"]}>
      <p className={styles["muted"]}>{t("tools.expertText")}</p>
      <Loaded query={usePreview(agentId)} skeleton={<RowsSkeleton />}>
        {(preview) => <Given preview={preview} />}
      </Loaded>
    </Card>
  );
}

function Given({ preview }: { preview: Schemas["PreviewOut"] }) {
  const t = useText();
  return (
    <>
      <Facts
        items={[
          [t("tools.model"), preview.model],
          [t("agents.voice"), preview.voice],
          [t("agents.language"), preview.language],
        ]}
      />
      <h3>{t("tools.greeting")}</h3>
      <Exactly label={t("tools.greeting")}>{preview.greeting}</Exactly>
      <h3>{t("tools.instructions")}</h3>
      <Exactly label={t("tools.instructions")}>{preview.system_instruction}</Exactly>
      <h3>{t("tools.functions")}</h3>
      {preview.functions.length === 0 && <p>{t("tools.functionsNone")}</p>}
      {preview.functions.map(({ name, description, parameters }) => (
        <div key={name} className={styles["function"]}>
          <code>{name}</code>
          <p lang="en">{description}</p>
          <Exactly label={t("tools.parameters", { name })}>{JSON.stringify(parameters, null, 2)}</Exactly>
        </div>
      ))}
    </>
  );
}

/** Scrolls by itself, by keyboard too. */
function Exactly({ label, children }: { label: string; children: string }) {
  return (
    <pre className={styles["exactly"]} tabIndex={0} role="region" aria-label={label}>
      {children}
    </pre>
  );
}

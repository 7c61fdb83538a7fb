"use client";
import { Play } from "lucide-react";
import { type Call, useReadRecording } from "@/data/calls";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/layout";
import { InlineError } from "@/ui/states";
import { useSound } from "@/ui/useSound";
import styles from "./view.module.css";

/** The message that the caller left. */
export function Recording({ call }: { call: Call }) {
  const t = useText();
  const recording = useSound(useReadRecording());
  return (
    <Card className={styles["facts"]}>
      <h2>{t("calls.recording")}</h2>
      {recording.url ? (
        <audio controls autoPlay src={recording.url} aria-label={t("calls.recording")} />
      ) : (
        <Button busy={recording.busy} onClick={() => recording.load(call.id)}>
          <Play aria-hidden />
          {t("calls.listen")}
        </Button>
      )}
      <InlineError error={recording.error} />
    </Card>
  );
}

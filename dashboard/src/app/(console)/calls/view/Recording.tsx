"use client";
import { Play } from "lucide-react";
import { useEffect, useState } from "react";
import { type ApiError, asApiError } from "@/api/errors";
import { type Call, useReadRecording } from "@/data/calls";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/layout";
import { InlineError } from "@/ui/states";
import styles from "./view.module.css";

/** The message that the caller left. It comes with the member's sign-in, so a plain address would not do. */
export function Recording({ call }: { call: Call }) {
  const t = useText();
  const read = useReadRecording();
  const [url, setUrl] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    if (url) return () => URL.revokeObjectURL(url);
    return;
  }, [url]);
  const load = async () => {
    setBusy(true);
    setError(null);
    try {
      setUrl(URL.createObjectURL(await read(call.id)));
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card className={styles["facts"]}>
      <h2>{t("calls.recording")}</h2>
      {url ? (
        <audio controls autoPlay src={url} aria-label={t("calls.recording")} />
      ) : (
        <Button busy={busy} onClick={() => void load()}>
          <Play aria-hidden />
          {t("calls.listen")}
        </Button>
      )}
      <InlineError error={error} />
    </Card>
  );
}

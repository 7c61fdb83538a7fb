"use client";
/** A secret that is shown this once: a link or a key, with a button that copies it. */
import { useState } from "react";
import { useText } from "@/texts/TextProvider";
import { Button } from "./Button";
import { Dialog, DialogActions } from "./Dialog";
import { TextField } from "./form";

interface ShownOnceProps {
  title: string;
  text: string;
  label: string;
  value: string;
  onClose: () => void;
}

export function ShownOnce({ title, text, label, value, onClose }: ShownOnceProps) {
  const t = useText();
  const [copied, setCopied] = useState<boolean>();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      setCopied(false); // the browser, or whoever administers it, does not allow it
    }
  };
  return (
    <Dialog title={title} text={text}>
      <TextField label={label} value={value} readOnly required onFocus={(event) => event.target.select()} />
      <p role="status">{copied === undefined ? "" : t(copied ? "common.copied" : "common.copyFailed")}</p>
      <DialogActions>
        <Button onClick={() => void copy()}>{t("common.copy")}</Button>
        <Button look="primary" onClick={onClose}>
          {t("common.done")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

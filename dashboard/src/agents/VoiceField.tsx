"use client";
/** Which voice an agent speaks with, and what it sounds like. */
import { Square, Volume2 } from "lucide-react";
import { useState } from "react";
import { useVoices, useVoiceSample } from "@/data/voices";
import { en } from "@/texts/en";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/form";
import { errorText } from "@/ui/states";
import { useSound } from "@/ui/useSound";
import styles from "./VoiceField.module.css";

/** Google may have given a voice a word that this build does not know. */
const isKnown = (description: string): description is keyof typeof en.voices => Object.hasOwn(en.voices, description);

interface VoiceFieldProps {
  value: string;
  /** That it is heard in. */
  language: string;
  onChange: (voice: string) => void;
  error?: string | undefined;
}

export function VoiceField({ value, language, onChange, error }: VoiceFieldProps) {
  const t = useText();
  const voices = useVoices();
  const sample = useSound(useVoiceSample());
  const [unplayable, setUnplayable] = useState<string>();
  const failed = sample.error ? errorText(sample.error, t) : unplayable;
  const known = voices.data?.items ?? [];
  const all = known.some(({ name }) => name === value) ? known : [{ name: value, description: "" }, ...known];
  const problem = error ?? (voices.error ? errorText(voices.error, t) : undefined);
  const stop = () => {
    setUnplayable(undefined);
    sample.stop();
  };
  const play = () => {
    setUnplayable(undefined);
    sample.load({ voice: value, language });
  };
  return (
    <div className={styles["voice"]}>
      <Select
        label={t("agentFields.voice")}
        error={problem}
        value={value}
        onChange={(event) => {
          stop();
          onChange(event.target.value);
        }}
      >
        {all.map(({ name, description }) => (
          <option key={name} value={name}>
            {description ? `${name} – ${isKnown(description) ? t(`voices.${description}`) : description}` : name}
          </option>
        ))}
      </Select>
      <Button busy={sample.busy} onClick={() => (sample.url ? stop() : play())}>
        {sample.url ? <Square aria-hidden /> : <Volume2 aria-hidden />}
        {sample.url ? t("agentEditor.stop") : t("agentEditor.play", { voice: value })}
      </Button>
      {sample.url && (
        <audio
          autoPlay
          src={sample.url}
          onEnded={stop}
          onError={(event) => {
            sample.stop();
            setUnplayable(event.currentTarget.error?.message ?? "");
          }}
        />
      )}
      {failed !== undefined && (
        <p role="alert" className={styles["problem"]}>
          {t("agentEditor.sampleFailed", { reason: failed })}
        </p>
      )}
    </div>
  );
}

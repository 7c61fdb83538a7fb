"use client";
/** Which voice an agent speaks with, and what it sounds like. */
import { Square, Volume2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { asApiError } from "@/api/errors";
import { useVoices, useVoiceSample } from "@/data/voices";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/form";
import { errorText } from "@/ui/states";
import styles from "./VoiceField.module.css";

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
  const sample = useSample();
  const known = voices.data?.items ?? [];
  const all = known.some(({ name }) => name === value) ? known : [{ name: value, description: "" }, ...known];
  const problem = error ?? (voices.error ? errorText(voices.error, t) : undefined);
  return (
    <div className={styles["voice"]}>
      <Select
        label={t("agentFields.voice")}
        error={problem}
        value={value}
        onChange={(event) => {
          sample.stop();
          onChange(event.target.value);
        }}
      >
        {all.map(({ name, description }) => (
          <option key={name} value={name}>
            {description ? `${name} – ${description}` : name}
          </option>
        ))}
      </Select>
      <Button busy={sample.state === "loading"} onClick={() => (sample.state === "playing" ? sample.stop() : sample.play(value, language))}>
        {sample.state === "playing" ? <Square aria-hidden /> : <Volume2 aria-hidden />}
        {sample.state === "playing" ? t("agentEditor.stop") : t("agentEditor.play", { voice: value })}
      </Button>
      {sample.failed && (
        <p role="alert" className={styles["problem"]}>
          {t("agentEditor.sampleFailed", { reason: sample.failed })}
        </p>
      )}
    </div>
  );
}

type SampleState = "silent" | "loading" | "playing";

/** Plays one sample at a time; it ends with the page that it was started on. */
function useSample() {
  const t = useText();
  const load = useVoiceSample();
  const audio = useRef<HTMLAudioElement | undefined>(undefined);
  const [state, setState] = useState<SampleState>("silent");
  const [failed, setFailed] = useState<string>();
  const stop = () => {
    audio.current?.pause();
    if (audio.current) URL.revokeObjectURL(audio.current.src);
    audio.current = undefined;
    setState("silent");
  };
  useEffect(() => stop, []);
  const play = async (voice: string, language: string) => {
    stop();
    setFailed(undefined);
    setState("loading");
    const player = new Audio();
    audio.current = player;
    try {
      const wav = await load(voice, language);
      if (audio.current !== player) return; // another was asked for meanwhile
      player.src = URL.createObjectURL(wav);
      player.onended = stop;
      await player.play();
      setState("playing");
    } catch (error) {
      if (audio.current !== player) return;
      stop();
      setFailed(error instanceof DOMException ? error.message : errorText(asApiError(error), t));
    }
  };
  return { state, failed, play: (voice: string, language: string) => void play(voice, language), stop };
}

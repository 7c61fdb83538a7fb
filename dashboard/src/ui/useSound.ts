"use client";
/** A sound that is fetched when somebody wants to hear it, one at a time, and is forgotten with the page. */
import { useEffect, useRef, useState } from "react";
import { type ApiError, asApiError } from "@/api/errors";

export function useSound<Input>(read: (input: Input) => Promise<Blob>) {
  /** Of an `<audio>`; undefined: there is nothing to hear. */
  const [url, setUrl] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const wanted = useRef<symbol>(undefined); // what comes for an earlier wish is not played any more
  useEffect(() => {
    if (url) return () => URL.revokeObjectURL(url);
    return;
  }, [url]);
  useEffect(() => () => void (wanted.current = undefined), []);
  const stop = () => {
    wanted.current = undefined;
    setUrl(undefined);
    setBusy(false);
    setError(null);
  };
  const load = async (input: Input) => {
    stop();
    const wish = Symbol("sound");
    wanted.current = wish;
    setBusy(true);
    try {
      const sound = await read(input);
      if (wanted.current === wish) setUrl(URL.createObjectURL(sound));
    } catch (thrown) {
      if (wanted.current === wish) setError(asApiError(thrown));
    } finally {
      if (wanted.current === wish) setBusy(false);
    }
  };
  return { url, busy, error, load: (input: Input) => void load(input), stop };
}

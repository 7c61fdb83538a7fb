"use client";
/** Voices that agents can speak with, and what they sound like. */
import { useFile, useRead } from "./hooks";

export function useVoices() {
  return useRead(["voices"], (api, signal) => api.GET("/api/v1/voices", { signal }));
}

/** A sentence of one voice in a language, as a WAV. */
export function useVoiceSample() {
  return useFile((api, { voice, language }: { voice: string; language: string }) =>
    api.GET("/api/v1/voices/{voice}/sample", { params: { path: { voice }, query: { language } }, parseAs: "blob" }),
  );
}

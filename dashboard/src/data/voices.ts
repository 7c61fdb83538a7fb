"use client";
/** Voices that agents can speak with, and what they sound like. */
import { useApi } from "@/api/ApiProvider";
import { useRead } from "./hooks";

export function useVoices() {
  return useRead(["voices"], (api, signal) => api.GET("/api/v1/voices", { signal }));
}

/** A sentence of one voice in a language, as a WAV. */
export function useVoiceSample(): (voice: string, language: string) => Promise<Blob> {
  const api = useApi();
  return async (voice, language) => {
    const { data } = await api.GET("/api/v1/voices/{voice}/sample", {
      params: { path: { voice }, query: { language } },
      parseAs: "blob",
    });
    if (data === undefined) throw new Error("a success without a body");
    return data;
  };
}

"use client";
/** Forms with unsaved changes: leaving them asks first, and an ended sign-in does not throw them away. */
import { useEffect } from "react";

const unsaved = new Set<symbol>();

export const hasUnsavedChanges = (): boolean => unsaved.size > 0;

/** While `dirty`, closing the tab, reloading, and following a link of the dashboard ask with `question` first. */
export function useUnsavedChanges(dirty: boolean, question: string): void {
  useEffect(() => {
    if (!dirty) return;
    const mark = Symbol("form");
    unsaved.add(mark);
    const beforeUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    // Capturing: before the router's own listener sees the click.
    const beforeLink = (event: MouseEvent) => {
      const link = (event.target as Element).closest?.("a[href]");
      const opensHere = link && !link.getAttribute("target") && !(event.metaKey || event.ctrlKey);
      if (opensHere && !window.confirm(question)) {
        event.preventDefault();
        event.stopPropagation();
      }
    };
    window.addEventListener("beforeunload", beforeUnload);
    document.addEventListener("click", beforeLink, true);
    return () => {
      unsaved.delete(mark);
      window.removeEventListener("beforeunload", beforeUnload);
      document.removeEventListener("click", beforeLink, true);
    };
  }, [dirty, question]);
}

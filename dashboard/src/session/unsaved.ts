"use client";
/** Forms with unsaved changes: leaving them asks first, and an ended sign-in does not throw them away. */
import { useEffect } from "react";

/** Of the Navigation API, which TypeScript does not know yet: places in the tab's history are numbered. */
interface WithNavigation {
  navigation?: { currentEntry: { index: number } | null };
}

interface UnsavedForm {
  question: string;
  address: string;
  /** In the tab's history. */
  place: number | undefined;
}

const unsaved = new Map<symbol, UnsavedForm>();

export const hasUnsavedChanges = (): boolean => unsaved.size > 0;

const pageAddress = (): string => location.pathname + location.search;

const placeInHistory = (): number | undefined => (window as WithNavigation).navigation?.currentEntry?.index;

/** A step in the history cannot be refused, only taken back: the router is not told, so the page stays as it is. */
function askAfterTraversal(event: PopStateEvent): void {
  const [form] = unsaved.values();
  if (!form || pageAddress() === form.address || window.confirm(form.question)) return;
  event.stopImmediatePropagation();
  const place = placeInHistory();
  const wentBy = form.place === undefined || place === undefined ? -1 : place - form.place;
  history.go(-wentBy);
}

// Browsers call a window's listeners in the order in which they came, and the router's comes with the first render:
// this module has to be there before, so the root layout's `SessionProvider` imports it.
if (typeof window !== "undefined") window.addEventListener("popstate", askAfterTraversal);

/**
 * While `dirty`, closing the tab, reloading, following a link of the dashboard, and the browser's back and forward
 * buttons ask with `question` first.
 */
export function useUnsavedChanges(dirty: boolean, question: string): void {
  useEffect(() => {
    if (!dirty) return;
    const mark = Symbol("form");
    unsaved.set(mark, { question, address: pageAddress(), place: placeInHistory() });
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

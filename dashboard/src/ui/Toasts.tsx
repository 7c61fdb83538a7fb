"use client";
/**
 * Short news at the foot of the page: `const toast = useToast(); toast("Saved.")`. An error stands where it arose; here only
 * when that place is gone, and then until somebody has closed it.
 */
import { X } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useId, useLayoutEffect, useState } from "react";
import { useText } from "@/texts/TextProvider";
import { IconButton } from "./Button";
import { cx } from "./cx";
import styles from "./Toasts.module.css";

interface ToastOptions {
  /** Until somebody closes it. */
  stays?: boolean;
}

interface Toast extends Required<ToastOptions> {
  id: number;
  text: string;
}

type ShowToast = (text: string, options?: ToastOptions) => void;

interface Shown {
  toasts: Toast[];
  drop: (id: number) => void;
  /** Of the place at which they are; undefined: at the foot of the page. */
  place: string | undefined;
  /** Until the function that it returns is called, they are at another place. */
  take: (place: string) => () => void;
}

const SHOWN_MILLISECONDS = 6000;
const ToastContext = createContext<ShowToast>(() => undefined);
const ShownContext = createContext<Shown | undefined>(undefined);
let lastId = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const [places, setPlaces] = useState<string[]>([]);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useCallback(
    (text: string, { stays = false }: ToastOptions = {}) => {
      const id = ++lastId;
      // Newer news takes the place of older: side by side they may contradict each other, and cover a phone's screen.
      setToasts((all) => [...all.filter((toast) => toast.stays), { id, text, stays }]);
      if (!stays) setTimeout(() => drop(id), SHOWN_MILLISECONDS);
    },
    [drop],
  );
  const take = useCallback((place: string) => {
    setPlaces((all) => [...all, place]);
    return () => setPlaces((all) => all.filter((one) => one !== place));
  }, []);
  const shown = { toasts, drop, place: places.at(-1), take };
  return (
    <ToastContext value={show}>
      <ShownContext value={shown}>
        {children}
        {/* There before its first news: what comes together with its region is not read out. */}
        <Region shown={shown} here={shown.place === undefined} />
      </ShownContext>
    </ToastContext>
  );
}

/**
 * Where they are for as long as this is there, instead of at the foot of the page: in an open dialog, since nobody can see,
 * hear or press what is behind it, and `above` a bar that they would cover.
 */
export function ToastPlace({ above = false }: { above?: boolean }) {
  const shown = useContext(ShownContext);
  const id = useId();
  const take = shown?.take;
  useLayoutEffect(() => take?.(id), [take, id]);
  return shown && <Region shown={shown} here={shown.place === id} above={above} />;
}

function Region({ shown, here, above = false }: { shown: Shown; here: boolean; above?: boolean }) {
  const t = useText();
  return (
    <div className={cx(styles["region"], above && styles["above"])} role="status">
      {here &&
        shown.toasts.map(({ id, text }) => (
          <div key={id} className={styles["toast"]}>
            {text}
            <IconButton label={t("common.close")} onClick={() => shown.drop(id)}>
              <X aria-hidden />
            </IconButton>
          </div>
        ))}
    </div>
  );
}

export const useToast = (): ShowToast => useContext(ToastContext);

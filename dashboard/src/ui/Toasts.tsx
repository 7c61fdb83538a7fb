"use client";
/**
 * Short news at the foot of the page: `const toast = useToast(); toast("Saved.")`. An error stands where it arose; here only
 * when that place is gone, and then until somebody has closed it.
 */
import { X } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import { useText } from "@/texts/TextProvider";
import { IconButton } from "./Button";
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

const SHOWN_MILLISECONDS = 6000;
const ToastContext = createContext<ShowToast>(() => undefined);
let lastId = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const t = useText();
  const [toasts, setToasts] = useState<Toast[]>([]);
  const drop = (id: number) => setToasts((all) => all.filter((toast) => toast.id !== id));
  const show = useCallback((text: string, { stays = false }: ToastOptions = {}) => {
    const id = ++lastId;
    // Newer news takes the place of older: side by side they may contradict each other, and cover a phone's screen.
    setToasts((all) => [...all.filter((toast) => toast.stays), { id, text, stays }]);
    if (!stays) setTimeout(() => drop(id), SHOWN_MILLISECONDS);
  }, []);
  return (
    <ToastContext value={show}>
      {children}
      <div className={styles["region"]} role="status">
        {toasts.map(({ id, text }) => (
          <div key={id} className={styles["toast"]}>
            {text}
            <IconButton label={t("common.close")} onClick={() => drop(id)}>
              <X aria-hidden />
            </IconButton>
          </div>
        ))}
      </div>
    </ToastContext>
  );
}

export const useToast = (): ShowToast => useContext(ToastContext);

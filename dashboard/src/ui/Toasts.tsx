"use client";
/** Short news at the foot of the page: `const toast = useToast(); toast("Saved.")`. For news, never for errors. */
import { X } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import { useText } from "@/texts/TextProvider";
import { IconButton } from "./Button";
import styles from "./Toasts.module.css";

interface Toast {
  id: number;
  text: string;
}

const SHOWN_MILLISECONDS = 6000;
const ToastContext = createContext<(text: string) => void>(() => undefined);
let lastId = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const t = useText();
  const [toasts, setToasts] = useState<Toast[]>([]);
  const drop = (id: number) => setToasts((all) => all.filter((toast) => toast.id !== id));
  const show = useCallback((text: string) => {
    const id = ++lastId;
    setToasts((all) => [...all, { id, text }]);
    setTimeout(() => drop(id), SHOWN_MILLISECONDS);
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

export const useToast = (): ((text: string) => void) => useContext(ToastContext);

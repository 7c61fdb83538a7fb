"use client";
/** The browser's own modal dialog: it keeps the focus, closes on Escape and gives the focus back. */
import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import { type ApiError, asApiError } from "@/api/errors";
import { useUnsavedChanges } from "@/session/unsaved";
import { useText } from "@/texts/TextProvider";
import { Button, IconButton } from "./Button";
import styles from "./Dialog.module.css";
import { Form } from "./form";
import { errorText, InlineError } from "./states";
import { ToastPlace, useToast } from "./Toasts";

interface DialogProps {
  title: string;
  text?: string | undefined;
  /** undefined: it cannot be put aside. */
  onClose?: (() => void) | undefined;
  children?: ReactNode;
}

/** Open for as long as it is rendered. */
export function Dialog({ title, text, onClose, children }: DialogProps) {
  const t = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    // Not left to the browser: where that closed the dialog by itself, somebody may have tabbed on before it was open
    // again, and would be taken back to where they had come to.
    const opener = document.activeElement;
    element?.showModal();
    return () => {
      element?.close(); // first: behind an open one nothing takes the focus
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
      // What it was opened from may be gone by what was done in it, or go together with it: then nothing has the focus.
      queueMicrotask(() => {
        if (document.activeElement !== document.body) return;
        document.getElementById("content")?.focus({ preventScroll: true });
      });
    };
  }, []);
  // Escape pressed twice closes it whatever `onCancel` says, in browsers that do not know `closedby` yet.
  const closedByBrowser = () => {
    if (!dialog.current || dialog.current.open) return;
    if (onClose) onClose();
    else dialog.current.showModal();
  };
  return (
    <dialog
      ref={dialog}
      className={styles["dialog"]}
      aria-labelledby={id}
      closedby={onClose ? undefined : "none"}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClose={closedByBrowser}
    >
      <div className={styles["head"]}>
        <h2 id={id}>{title}</h2>
        {onClose && (
          <IconButton label={t("common.close")} onClick={onClose}>
            <X aria-hidden />
          </IconButton>
        )}
      </div>
      {text && <p className={styles["text"]}>{text}</p>}
      {children}
      <ToastPlace />
    </dialog>
  );
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={styles["actions"]}>{children}</div>;
}

interface FormDialogProps extends DialogProps {
  /** The button's words: what happens, not “OK”. */
  action: string;
  danger?: boolean;
  /** Something has been entered that would be lost. */
  dirty?: boolean;
  busy: boolean;
  error: ApiError | null;
  /** Its news, which closes the dialog; undefined: what came of it is shown in its place. */
  onSubmit: () => Promise<string | undefined>;
  /** In place of `onClose` when it is done. */
  onDone?: (() => void) | undefined;
}

/**
 * A question with fields or without any; stays open, and says why, when the answer was refused. When what it asks about is
 * gone, or is another by now, it can only be closed: behind it stands what is there. Closed before the answer has come, it
 * has that told at the foot of the page.
 */
export function FormDialog({
  action,
  danger,
  dirty = false,
  busy,
  error,
  onSubmit,
  onDone,
  children,
  ...dialog
}: FormDialogProps) {
  const t = useText();
  const toast = useToast();
  const shown = useRef(false);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);
  const { title, onClose } = dialog;
  // By the promise: a mutation's own callbacks are not called any more once the dialog is gone.
  const submit = () =>
    onSubmit().then(
      (news) => {
        if (news === undefined) return;
        toast(news);
        if (shown.current) (onDone ?? onClose)?.();
      },
      (thrown: unknown) => {
        if (shown.current) return; // it is read in here, as `error`
        toast(t("common.failedIn", { what: title, why: errorText(asApiError(thrown), t) }), { stays: true });
      },
    );
  const isOver = error?.kind === "changed_meanwhile" || (danger && error?.kind === "not_found");
  useUnsavedChanges(dirty, t("common.unsavedQuestion"));
  return (
    <Dialog {...dialog}>
      <Form onSubmit={() => !busy && void submit()}>
        {children}
        <InlineError error={error} />
        <DialogActions>
          {isOver ? (
            // It takes the focus of the button that is gone.
            <Button key="close" onClick={onClose} autoFocus>
              {t("common.close")}
            </Button>
          ) : (
            <>
              <Button onClick={onClose} disabled={!onClose}>
                {t("common.cancel")}
              </Button>
              <Button type="submit" look={danger ? "danger" : "primary"} busy={busy}>
                {action}
              </Button>
            </>
          )}
        </DialogActions>
      </Form>
    </Dialog>
  );
}

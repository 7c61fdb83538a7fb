"use client";
import { type Call, useDeleteCall, useEndCall } from "@/data/calls";
import { useText } from "@/texts/TextProvider";
import { FormDialog } from "@/ui/Dialog";

interface CallDialogProps {
  call: Call;
  onClose: () => void;
}

export function EndCallDialog({ call, onClose }: CallDialogProps) {
  const t = useText();
  const end = useEndCall();
  const submit = () => end.mutateAsync(call).then(() => t("calls.endDone"));
  return (
    <FormDialog
      title={t("calls.endTitle")}
      text={t("calls.endText")}
      action={t("calls.end")}
      danger
      busy={end.isPending}
      error={end.error}
      onClose={onClose}
      onSubmit={submit}
    />
  );
}

export function DeleteCallDialog({ call, onClose, onDone }: CallDialogProps & { onDone: () => void }) {
  const t = useText();
  const remove = useDeleteCall();
  const submit = () => remove.mutateAsync(call).then(() => t("calls.deleted"));
  return (
    <FormDialog
      title={t("calls.deleteTitle")}
      text={t("calls.deleteText")}
      action={t("calls.delete")}
      danger
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onSubmit={submit}
      onDone={onDone}
    />
  );
}

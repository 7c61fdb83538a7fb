"use client";
import { useState } from "react";
import { type Agent, useCreateAgent, useDeleteAgent, useDuplicateAgent } from "@/data/agents";
import { useIdempotencyKey } from "@/data/hooks";
import { routes } from "@/routes";
import { useText } from "@/texts/TextProvider";
import { ButtonLink } from "@/ui/Button";
import { FormDialog } from "@/ui/Dialog";
import { TextArea, TextField } from "@/ui/form";
import { fieldErrors } from "@/ui/states";

export type AgentAction = { kind: "create" } | { kind: "duplicate" | "delete"; agent: Agent };

interface AgentDialogsProps {
  action: AgentAction | undefined;
  onClose: () => void;
  /** It has been made, duplicated or deleted. */
  onDone?: () => void;
}

export function AgentDialogs({ action, onClose, onDone }: AgentDialogsProps) {
  const close = { onClose, onDone: onDone ?? onClose };
  switch (action?.kind) {
    case "create":
      return <CreateDialog {...close} />;
    case "duplicate":
      return <DuplicateDialog agent={action.agent} {...close} />;
    case "delete":
      return <DeleteDialog agent={action.agent} {...close} />;
    case undefined:
      return null;
  }
}

interface Closing {
  onClose: () => void;
  onDone: () => void;
}

function CreateDialog({ onClose, onDone }: Closing) {
  const t = useText();
  const create = useCreateAgent();
  const { key } = useIdempotencyKey();
  const [name, setName] = useState("");
  const [instructions, setInstructions] = useState("");
  const submit = () =>
    create.mutateAsync({ agent: { name, instructions }, key: key() }).then(() => t("agents.created", { name }));
  const fields = fieldErrors(create.error, t);
  return (
    <FormDialog
      title={t("agents.createTitle")}
      text={t("agents.createText")}
      action={t("agents.create")}
      dirty={Boolean(name || instructions) && !create.isSuccess}
      busy={create.isPending}
      error={create.error}
      onClose={onClose}
      onSubmit={submit}
      onDone={onDone}
    >
      <TextField
        label={t("agents.name")}
        hint={t("agents.nameHint")}
        error={fields["name"]}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={80}
        required
      />
      <TextArea
        label={t("agents.instructions")}
        hint={t("agents.instructionsHint")}
        error={fields["instructions"]}
        value={instructions}
        onChange={(event) => setInstructions(event.target.value)}
        required
      />
    </FormDialog>
  );
}

function DuplicateDialog({ agent, onClose, onDone }: Closing & { agent: Agent }) {
  const t = useText();
  const duplicate = useDuplicateAgent();
  const { key } = useIdempotencyKey();
  const [name, setName] = useState(t("agents.duplicateName", { name: agent.name }));
  const submit = () =>
    duplicate.mutateAsync({ agent_id: agent.id, name, key: key() }).then(() => t("agents.duplicated", { name }));
  const fields = fieldErrors(duplicate.error, t);
  return (
    <FormDialog
      title={t("agents.duplicateTitle", { name: agent.name })}
      text={t("agents.duplicateText")}
      action={t("agents.duplicate")}
      busy={duplicate.isPending}
      error={duplicate.error}
      onClose={onClose}
      onSubmit={submit}
      onDone={onDone}
    >
      <TextField
        label={t("agents.name")}
        error={fields["name"]}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={80}
        required
      />
    </FormDialog>
  );
}

function DeleteDialog({ agent, onClose, onDone }: Closing & { agent: Agent }) {
  const t = useText();
  const remove = useDeleteAgent();
  const submit = () => remove.mutateAsync(agent).then(() => t("agents.deleted", { name: agent.name }));
  return (
    <FormDialog
      title={t("agents.deleteTitle", { name: agent.name })}
      text={t("agents.deleteText")}
      action={t("common.delete")}
      danger
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onSubmit={submit}
      onDone={onDone}
    >
      {remove.error?.code === "agent_has_numbers" && (
        <div>
          <ButtonLink href={routes.numbers()}>{t("numbers.title")}</ButtonLink>
        </div>
      )}
    </FormDialog>
  );
}

"use client";
import { useState } from "react";
import { useAgentName } from "@/agents/useAgentName";
import type { Agent } from "@/data/agents";
import { type PhoneNumber, useAttachNumber, useDetachNumber } from "@/data/numbers";
import { useText } from "@/texts/TextProvider";
import { FormDialog } from "@/ui/Dialog";
import { Select } from "@/ui/form";

export interface NumberAction {
  kind: "attach" | "detach";
  number: PhoneNumber;
}

interface NumberDialogsProps {
  action: NumberAction | undefined;
  agents: Agent[];
  onClose: () => void;
}

export function NumberDialogs({ action, agents, onClose }: NumberDialogsProps) {
  if (!action) return null;
  return action.kind === "attach" ? (
    <AttachDialog number={action.number} agents={agents} onClose={onClose} />
  ) : (
    <DetachDialog number={action.number} onClose={onClose} />
  );
}

interface AttachDialogProps {
  number: PhoneNumber;
  agents: Agent[];
  onClose: () => void;
}

function AttachDialog({ number, agents, onClose }: AttachDialogProps) {
  const t = useText();
  const attach = useAttachNumber();
  const [chosen, setChosen] = useState(number.agent_id);
  const agentId = chosen ?? agents[0]?.id ?? ""; // they may come after the dialog
  const submit = () =>
    attach.mutateAsync({ ...number, agent_id: agentId }).then(() => {
      const agent = agents.find(({ id }) => id === agentId)?.name ?? agentId;
      return t("numbers.attached", { agent, number: number.number });
    });
  return (
    <FormDialog
      title={t("numbers.attachTitle", { number: number.number })}
      text={t(agents.length > 0 ? "numbers.attachText" : "numbers.noAgents")}
      action={t("numbers.attachAction")}
      busy={attach.isPending}
      error={attach.error}
      onClose={onClose}
      onSubmit={submit}
    >
      <Select
        label={t("numbers.chooseAgent")}
        value={agentId}
        onChange={(event) => setChosen(event.target.value)}
        required
      >
        {agents.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Select>
    </FormDialog>
  );
}

function DetachDialog({ number, onClose }: { number: PhoneNumber; onClose: () => void }) {
  const t = useText();
  const agent = useAgentName()(number.agent_id ?? "");
  const detach = useDetachNumber();
  const submit = () => detach.mutateAsync(number).then(() => t("numbers.detached", { number: number.number }));
  return (
    <FormDialog
      title={t("numbers.detachTitle", { number: number.number })}
      text={t("numbers.detachText", { agent })}
      action={t("numbers.detach")}
      danger
      busy={detach.isPending}
      error={detach.error}
      onClose={onClose}
      onSubmit={submit}
    />
  );
}

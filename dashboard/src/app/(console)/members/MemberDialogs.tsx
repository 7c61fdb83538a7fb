"use client";
import { useState } from "react";
import { useIdempotencyKey } from "@/data/hooks";
import {
  type Invitation,
  type Member,
  ROLES,
  useChangeRole,
  useInvite,
  useRemoveMember,
  useRevokeInvitation,
} from "@/data/team";
import type { Role } from "@/data/tenant";
import { routes } from "@/routes";
import { useSession } from "@/session/SessionProvider";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Dialog, DialogActions, FormDialog } from "@/ui/Dialog";
import { Select, TextField } from "@/ui/form";
import { ShownOnce } from "@/ui/ShownOnce";
import { fieldErrors } from "@/ui/states";

export type MemberAction =
  | { kind: "invite" }
  | { kind: "role"; member: Member }
  | { kind: "remove"; member: Member }
  | { kind: "revoke"; invitation: Invitation };

interface MemberDialogsProps {
  action: MemberAction | undefined;
  onClose: () => void;
}

export function MemberDialogs({ action, onClose }: MemberDialogsProps) {
  switch (action?.kind) {
    case "invite":
      return <InviteDialog onClose={onClose} />;
    case "role":
      return <RoleDialog member={action.member} onClose={onClose} />;
    case "remove":
      return <RemoveDialog member={action.member} onClose={onClose} />;
    case "revoke":
      return <RevokeDialog invitation={action.invitation} onClose={onClose} />;
    case undefined:
      return null;
  }
}

function InviteDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const format = useFormat();
  const invite = useInvite();
  const { key } = useIdempotencyKey();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const made = invite.data;
  if (made?.token) {
    return (
      <ShownOnce
        title={t("members.linkTitle", { who: made.email })}
        text={t("members.linkText", { until: format.dateTime(made.expires_at) })}
        label={t("members.link")}
        value={location.origin + routes.invitation(made.token)}
        onClose={onClose}
      />
    );
  }
  if (made) {
    return (
      <Dialog title={t("members.inviteTitle")} text={t("members.repeated")} onClose={onClose}>
        <DialogActions>
          <Button onClick={onClose}>{t("common.close")}</Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title={t("members.inviteTitle")}
      text={t("members.inviteText")}
      action={t("members.invite")}
      dirty={Boolean(email)}
      busy={invite.isPending}
      error={invite.error}
      // What is under way brings a link that is shown this once, and here alone.
      onClose={invite.isPending ? undefined : onClose}
      onSubmit={() => invite.mutateAsync({ email, role, key: key() }).then(() => undefined)}
    >
      <TextField
        label={t("members.email")}
        type="email"
        autoComplete="off"
        error={fieldErrors(invite.error, t)["email"]}
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        required
      />
      <RoleField role={role} onChange={setRole} />
    </FormDialog>
  );
}

function RoleField({ role, onChange }: { role: Role; onChange: (role: Role) => void }) {
  const t = useText();
  return (
    <Select
      label={t("members.role")}
      hint={t(`members.${role}Hint`)}
      value={role}
      onChange={(event) => onChange(event.target.value as Role)}
    >
      {ROLES.map((each) => (
        <option key={each} value={each}>
          {t(`common.${each}`)}
        </option>
      ))}
    </Select>
  );
}

function RoleDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const t = useText();
  const change = useChangeRole();
  const [role, setRole] = useState<Role>(member.role);
  const who = member.email ?? member.id;
  const submit = () =>
    change.mutateAsync({ ...member, role }).then(() => t("members.roleChanged", { who, role: t(`common.${role}`) }));
  return (
    <FormDialog
      title={t("members.changeRole", { who })}
      action={t("common.save")}
      busy={change.isPending}
      error={change.error}
      onClose={onClose}
      onSubmit={submit}
    >
      <RoleField role={role} onChange={setRole} />
    </FormDialog>
  );
}

function RemoveDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const t = useText();
  const remove = useRemoveMember();
  const who = member.email ?? member.id;
  const myself = useSession().person?.email === member.email;
  const submit = () => remove.mutateAsync(member).then(() => t("members.removed", { who }));
  return (
    <FormDialog
      title={t("members.removeTitle", { who })}
      text={t(myself ? "members.leaveText" : "members.removeText")}
      action={t("members.remove")}
      danger
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onSubmit={submit}
    />
  );
}

function RevokeDialog({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const t = useText();
  const revoke = useRevokeInvitation();
  const who = invitation.email;
  const submit = () => revoke.mutateAsync(invitation).then(() => t("members.revoked", { who }));
  return (
    <FormDialog
      title={t("members.revokeTitle", { who })}
      text={t("members.revokeText")}
      action={t("members.revoke")}
      danger
      busy={revoke.isPending}
      error={revoke.error}
      onClose={onClose}
      onSubmit={submit}
    />
  );
}

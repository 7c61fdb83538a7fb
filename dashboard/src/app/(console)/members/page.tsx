"use client";
import { UserPlus } from "lucide-react";
import { useState } from "react";
import { type Member, ROLES, useChangeRole, useMembers } from "@/data/team";
import { type Role, useMay } from "@/data/tenant";
import { useSession } from "@/session/SessionProvider";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { PageHeader, Table, Toolbar } from "@/ui/layout";
import { InlineError, Loaded, RowsSkeleton } from "@/ui/states";
import { useToast } from "@/ui/Toasts";
import { Invitations } from "./Invitations";
import { type MemberAction, MemberDialogs } from "./MemberDialogs";
import styles from "./members.module.css";

export default function MembersPage() {
  const t = useText();
  const members = useMembers();
  const mayManage = useMay("owner");
  const [action, setAction] = useState<MemberAction>();
  return (
    <>
      <PageHeader title={t("members.title")} intro={t("members.intro")}>
        {mayManage && (
          <Button look="primary" onClick={() => setAction({ kind: "invite" })}>
            <UserPlus aria-hidden />
            {t("members.invite")}
          </Button>
        )}
      </PageHeader>
      <Loaded query={members} skeleton={<RowsSkeleton />}>
        {(all) => (
          <>
            <Toolbar>
              <span role="status">{t("members.count", { count: all.length })}</span>
            </Toolbar>
            <MemberTable members={all} onRemove={mayManage ? (member) => setAction({ kind: "remove", member }) : undefined} />
            {members.more && <Button onClick={members.more}>{t("common.more")}</Button>}
          </>
        )}
      </Loaded>
      {mayManage && <Invitations onRevoke={(invitation) => setAction({ kind: "revoke", invitation })} />}
      <RoleHints />
      <MemberDialogs action={action} onClose={() => setAction(undefined)} />
    </>
  );
}

interface MemberTableProps {
  members: Member[];
  /** undefined: the person may only look. */
  onRemove: ((member: Member) => void) | undefined;
}

function MemberTable({ members, onRemove }: MemberTableProps) {
  const t = useText();
  const format = useFormat();
  const myself = useSession().person?.email;
  const toast = useToast();
  const change = useChangeRole();
  const columns = [t("members.person"), t("members.role"), t("members.since")];
  const changeRole = (member: Member, role: Role) =>
    change.mutate(
      { ...member, role },
      { onSuccess: () => toast(t("members.roleChanged", { who: member.email ?? member.id, role: t(`common.${role}`) })) },
    );
  return (
    <>
      <InlineError error={change.error} />
      <Table caption={t("members.title")} columns={onRemove ? [...columns, ""] : columns}>
        {members.map((member) => {
          const who = member.email ?? t("members.unknown");
          return (
            <tr key={member.id}>
              <th scope="row">
                {who} {member.email === myself && <span className={styles["you"]}>({t("members.you")})</span>}
              </th>
              <td>
                {onRemove ? (
                  <select
                    className={styles["role"]}
                    aria-label={t("members.changeRole", { who })}
                    value={member.role}
                    disabled={change.isPending}
                    onChange={(event) => changeRole(member, event.target.value as Role)}
                  >
                    {ROLES.map((role) => (
                      <option key={role} value={role}>
                        {t(`common.${role}`)}
                      </option>
                    ))}
                  </select>
                ) : (
                  t(`common.${member.role}`)
                )}
              </td>
              <td>{member.since && format.date(member.since)}</td>
              {onRemove && (
                <td>
                  <Button look="quiet" aria-label={t("members.removeLabel", { who })} onClick={() => onRemove(member)}>
                    {t("members.remove")}
                  </Button>
                </td>
              )}
            </tr>
          );
        })}
      </Table>
    </>
  );
}

function RoleHints() {
  const t = useText();
  return (
    <dl className={styles["hints"]}>
      {ROLES.map((role) => (
        <div key={role}>
          <dt>{t(`common.${role}`)}</dt>
          <dd>{t(`members.${role}Hint`)}</dd>
        </div>
      ))}
    </dl>
  );
}

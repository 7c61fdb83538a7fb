"use client";
import { UserPlus } from "lucide-react";
import { useState } from "react";
import { type Member, ROLES, useMembers } from "@/data/team";
import { useMay } from "@/data/tenant";
import { useSession } from "@/session/SessionProvider";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { PageHeader, Table, Toolbar } from "@/ui/layout";
import { Loaded, RowsSkeleton } from "@/ui/states";
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
            <MemberTable members={all} onAction={mayManage ? setAction : undefined} />
            {members.more && <Button onClick={members.more}>{t("common.more")}</Button>}
            <RoleHints />
            {/* Last, and without a skeleton: mostly there are none, and what comes late pushes nothing down. */}
            {mayManage && <Invitations onRevoke={(invitation) => setAction({ kind: "revoke", invitation })} />}
          </>
        )}
      </Loaded>
      <MemberDialogs action={action} onClose={() => setAction(undefined)} />
    </>
  );
}

interface MemberTableProps {
  members: Member[];
  /** undefined: the person may only look. */
  onAction: ((action: MemberAction) => void) | undefined;
}

function MemberTable({ members, onAction }: MemberTableProps) {
  const t = useText();
  const format = useFormat();
  const myself = useSession().person?.email;
  return (
    <Table
      caption={t("members.title")}
      columns={[t("members.person"), t("members.role"), t("members.since")]}
      rows={members.map((member) => ({
        key: member.id,
        cells: [
          <>
            {member.email ?? t("members.unknown")}{" "}
            {member.email === myself && <span className={styles["you"]}>({t("members.you")})</span>}
          </>,
          t(`common.${member.role}`),
          member.since ? format.date(member.since) : "–",
        ],
        actions: onAction && [
          { text: t("members.change"), onPress: () => onAction({ kind: "role", member }) },
          { text: t("members.remove"), onPress: () => onAction({ kind: "remove", member }) },
        ],
      }))}
    />
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

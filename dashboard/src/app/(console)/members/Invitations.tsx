"use client";
import { type Invitation, useInvitations } from "@/data/team";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Table } from "@/ui/layout";
import { Loaded } from "@/ui/states";
import styles from "./members.module.css";

/** Those who have not accepted yet; nothing when there are none. */
export function Invitations({ onRevoke }: { onRevoke: (invitation: Invitation) => void }) {
  const t = useText();
  const format = useFormat();
  const invitations = useInvitations();
  return (
    <Loaded query={invitations} skeleton={null}>
      {(all) =>
        all.length > 0 && (
          <section className={styles["section"]}>
            <h2>{t("members.invited")}</h2>
            <Table
              caption={t("members.invited")}
              columns={[t("members.email"), t("members.role"), t("members.until")]}
              rows={all.map((invitation) => ({
                key: invitation.id,
                cells: [invitation.email, t(`common.${invitation.role}`), format.dateTime(invitation.expires_at)],
                actions: [{ text: t("members.revoke"), onPress: () => onRevoke(invitation) }],
              }))}
            />
            {invitations.more && <Button onClick={invitations.more}>{t("common.more")}</Button>}
          </section>
        )
      }
    </Loaded>
  );
}

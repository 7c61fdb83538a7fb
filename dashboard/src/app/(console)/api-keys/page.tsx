"use client";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { type ApiKey, useApiKeys } from "@/data/apiKeys";
import { useMay } from "@/data/tenant";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { Button } from "@/ui/Button";
import { Badge, PageHeader, Table, Toolbar } from "@/ui/layout";
import { EmptyState, Loaded, NoPermission, RowsSkeleton } from "@/ui/states";
import { CreateKeyDialog, RevokeKeyDialog } from "./KeyDialogs";

export default function ApiKeysPage() {
  const t = useText();
  const mayManage = useMay("owner");
  const [creating, setCreating] = useState(false);
  const create = (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      {t("apiKeys.create")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("apiKeys.title")} intro={t("apiKeys.intro")}>
        {mayManage && create}
      </PageHeader>
      {mayManage ? <Keys>{create}</Keys> : <NoPermission />}
      {creating && <CreateKeyDialog onClose={() => setCreating(false)} />}
    </>
  );
}

/** `children` is what to do when there are none. */
function Keys({ children }: { children: React.ReactNode }) {
  const t = useText();
  const keys = useApiKeys();
  const [revoked, setRevoked] = useState<ApiKey>();
  return (
    <>
      <Loaded query={keys} skeleton={<RowsSkeleton />}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState icon={KeyRound} title={t("apiKeys.emptyTitle")} text={t("apiKeys.emptyText")}>
              {children}
            </EmptyState>
          ) : (
            <>
              <Toolbar>
                <span role="status">{t("apiKeys.count", { count: all.length })}</span>
              </Toolbar>
              <KeyTable keys={all} onRevoke={setRevoked} />
              {keys.more && <Button onClick={keys.more}>{t("common.more")}</Button>}
            </>
          )
        }
      </Loaded>
      {revoked && <RevokeKeyDialog apiKey={revoked} onClose={() => setRevoked(undefined)} />}
    </>
  );
}

function KeyTable({ keys, onRevoke }: { keys: ApiKey[]; onRevoke: (key: ApiKey) => void }) {
  const t = useText();
  const format = useFormat();
  const columns = [
    t("apiKeys.name"),
    t("apiKeys.scopes"),
    t("apiKeys.created"),
    t("apiKeys.createdBy"),
    t("apiKeys.expires"),
  ];
  return (
    <Table
      caption={t("apiKeys.title")}
      columns={columns}
      rows={keys.map((key) => ({
        key: key.id,
        cells: [
          key.name,
          format.list(key.scopes),
          format.date(key.created_at),
          key.created_by,
          new Date(key.expires_at) > new Date() ? (
            format.date(key.expires_at)
          ) : (
            <Badge key="expired" tone="warn">
              {t("apiKeys.expired")}
            </Badge>
          ),
        ],
        actions: [{ text: t("apiKeys.revoke"), onPress: () => onRevoke(key) }],
      }))}
    />
  );
}

"use client";
/** Entries of the audit log in words: what they are about, and the fields by the names that forms have for them. */
import { AGENT_FIELDS, type AgentField } from "@/agents/draft";
import { useFieldText } from "@/agents/fieldText";
import { useAgentName } from "@/agents/useAgentName";
import type { AuditEntry } from "@/data/audit";
import { useMembers } from "@/data/team";
import { type CatalogTool, useCatalogue } from "@/data/tools";
import { titleOf } from "@/schema-form/schema";
import type { TextKey } from "@/texts/catalogue";
import { useFormat } from "@/texts/format";
import { useText } from "@/texts/TextProvider";
import { ACTION_TEXTS } from "./actions";
import type { ShownChange } from "./ChangeEntry";

const FIELD_TEXTS = {
  account: "connect.account",
  agent_id: "calls.agent",
  email: "members.email",
  enabled: "audit.turnedOn",
  expires_at: "apiKeys.expires",
  fallback_number: "settings.fallbackNumber",
  max_concurrent_calls: "settings.limit",
  name: "settings.name",
  retention_days: "settings.retention",
  role: "members.role",
  scopes: "apiKeys.scopes",
  started_at: "calls.started",
} as const satisfies Record<string, TextKey>;
const ROLES = { owner: "common.owner", editor: "common.editor", viewer: "common.viewer" } as const;
/** What is written of a secret, instead of its value. */
const SECRET_SET = "set";

export interface AuditTexts {
  /** What somebody did, and to what. */
  titleOf: (entry: AuditEntry) => string;
  /** undefined: the organisation itself. */
  subjectOf: (entry: AuditEntry) => string | undefined;
  changesOf: (entry: AuditEntry) => ShownChange[];
}

export function useAuditTexts(): AuditTexts {
  const t = useText();
  const format = useFormat();
  const agentText = useFieldText();
  const agentName = useAgentName();
  const members = useMembers().data;
  const catalogue = useCatalogue().data?.items;

  const toolOf = ({ subject }: AuditEntry) => {
    const slug = subject.split("/")[3];
    return slug === undefined ? undefined : catalogue?.find((tool) => tool.slug === slug);
  };

  const subjectOf = (entry: AuditEntry): string | undefined => {
    const [kind, id = "", , slug] = entry.subject.split("/");
    const said = (field: string) => {
      const { after, before } = entry.changes[field] ?? {};
      return typeof (after ?? before) === "string" ? String(after ?? before) : undefined;
    };
    switch (kind) {
      case "tenant":
        return undefined;
      case "agents": {
        const agent = (slug ? undefined : said("name")) ?? agentName(id);
        return slug ? t("audit.toolOf", { tool: toolOf(entry)?.display_name ?? slug, agent }) : agent;
      }
      case "members":
      case "invitations":
        return said("email") ?? members?.find((member) => member.id === id)?.email ?? id;
      case "api-keys":
        return said("name") ?? id;
      case "calls": {
        const agent = said("agent_id");
        return agent === undefined ? id : agentName(agent);
      }
      default:
        return id;
    }
  };

  const fieldTitle = (field: string, tool: CatalogTool | undefined) => {
    if (tool && field !== "enabled" && field !== "account") return titleOf(tool.config_schema, field);
    return isKnown(field) ? t(FIELD_TEXTS[field]) : field;
  };

  const valueText = (field: string, value: unknown, tool: CatalogTool | undefined): string | undefined => {
    if (value === null || value === undefined || value === "") return undefined;
    if (tool?.secret_fields.includes(field)) return value === SECRET_SET ? t("form.secretSet") : undefined;
    if (typeof value === "boolean") return t(value ? "agentFields.yes" : "agentFields.no");
    if (typeof value === "number") return format.number(value);
    if (Array.isArray(value)) return value.length ? format.list(value.map(plainText)) : undefined;
    if (field === "agent_id") return agentName(plainText(value));
    if (field === "expires_at" || field === "started_at") return format.dateTime(plainText(value));
    if (field === "role" && plainText(value) in ROLES) return t(ROLES[value as keyof typeof ROLES]);
    return plainText(value);
  };

  const changesOf = (entry: AuditEntry): ShownChange[] => {
    if (entry.action === "agent.changed") return agentChanges(entry);
    if (entry.action.startsWith("agent.")) return []; // the whole of it
    const tool = toolOf(entry);
    const subject = subjectOf(entry); // is in the title
    return Object.entries(entry.changes)
      .map(([field, { before, after }]) => ({
        field,
        title: fieldTitle(field, tool),
        // Only of a secret is nothing said but that there was one, and is.
        ...(before === SECRET_SET && after === SECRET_SET
          ? { before: undefined, after: t("audit.replaced") }
          : { before: valueText(field, before, tool), after: valueText(field, after, tool) }),
      }))
      .filter(({ before, after }) => (before ?? after) !== undefined && (after ?? before) !== subject)
      .sort((one, other) => one.title.localeCompare(other.title)); // Firestore keeps no order
  };

  const agentChanges = ({ changes }: AuditEntry): ShownChange[] =>
    AGENT_FIELDS.filter((field) => field in changes).map((field: AgentField) => ({
      field,
      title: t(`agentFields.${field}`),
      before: agentText(field, changes[field]?.before),
      after: agentText(field, changes[field]?.after),
    }));

  return {
    subjectOf,
    changesOf,
    titleOf: (entry) => [t(ACTION_TEXTS[entry.action]), subjectOf(entry)].filter(Boolean).join(": "),
  };
}

const isKnown = (field: string): field is keyof typeof FIELD_TEXTS => Object.hasOwn(FIELD_TEXTS, field);

const plainText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

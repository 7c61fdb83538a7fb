import type { AuditAction } from "@/data/audit";
import type { TextKey } from "@/texts/catalogue";

/** What somebody did, in words. */
export const ACTION_TEXTS = {
  "agent.created": "audit.agentCreated",
  "agent.changed": "audit.agentChanged",
  "agent.deleted": "audit.agentDeleted",
  "tool.changed": "audit.toolChanged",
  "tool.removed": "audit.toolRemoved",
  "tool.connected": "audit.toolConnected",
  "tool.disconnected": "audit.toolDisconnected",
  "number.attached": "audit.numberAttached",
  "number.detached": "audit.numberDetached",
  "call.stopped": "audit.callStopped",
  "call.deleted": "audit.callDeleted",
  "test_call.started": "audit.testCallStarted",
  "tenant.created": "audit.tenantCreated",
  "tenant.changed": "audit.tenantChanged",
  "member.added": "audit.memberAdded",
  "member.changed": "audit.memberChanged",
  "member.removed": "audit.memberRemoved",
  "invitation.created": "audit.invitationCreated",
  "invitation.revoked": "audit.invitationRevoked",
  "api_key.created": "audit.apiKeyCreated",
  "api_key.revoked": "audit.apiKeyRevoked",
} as const satisfies Record<AuditAction, TextKey>;

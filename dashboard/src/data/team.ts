"use client";
/** Who belongs to the organisation: members, and those who are invited. */
import type { Schemas } from "@/api/client";
import { useChange, usePages } from "./hooks";
import { type Role, useTenant } from "./tenant";

export type Member = Schemas["MemberOut"];
export type Invitation = Schemas["InvitationOut"];

export const ROLES: Role[] = ["viewer", "editor", "owner"];

export function useMembers() {
  const tenant_id = useTenant().id;
  return usePages(["members", tenant_id], (api, cursor, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/members", {
      params: { path: { tenant_id }, query: { limit: 100, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  );
}

/** Somebody's own role is part of the list of their tenants, so that is read again, too. */
export function useChangeRole() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { id: user_id, etag, role }: Pick<Member, "id" | "etag" | "role">) =>
      api.PATCH("/api/v1/tenants/{tenant_id}/members/{user_id}", {
        params: { path: { tenant_id, user_id }, header: { "If-Match": etag } },
        body: { role },
      }),
    [["members", tenant_id], ["tenants"]],
  );
}

export function useRemoveMember() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { id: user_id, etag }: Pick<Member, "id" | "etag">) =>
      api.DELETE("/api/v1/tenants/{tenant_id}/members/{user_id}", {
        params: { path: { tenant_id, user_id }, header: { "If-Match": etag } },
      }),
    [["members", tenant_id], ["tenants"]],
  );
}

export function useInvitations() {
  const tenant_id = useTenant().id;
  return usePages(["invitations", tenant_id], (api, cursor, signal) =>
    api.GET("/api/v1/tenants/{tenant_id}/invitations", {
      params: { path: { tenant_id }, query: { limit: 100, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  );
}

export function useInvite() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { email, role, key }: { email: string; role: Role; key: string }) =>
      api.POST("/api/v1/tenants/{tenant_id}/invitations", {
        params: { path: { tenant_id }, header: { "idempotency-key": key } },
        body: { email, role },
      }),
    [["invitations", tenant_id]],
  );
}

export function useRevokeInvitation() {
  const tenant_id = useTenant().id;
  return useChange(
    (api, { id: invitation_id }: Pick<Invitation, "id">) =>
      api.DELETE("/api/v1/tenants/{tenant_id}/invitations/{invitation_id}", {
        params: { path: { tenant_id, invitation_id } },
      }),
    [["invitations", tenant_id]],
  );
}

/** For somebody who has signed in and may not be a member of anything yet. */
export function useAcceptInvitation() {
  return useChange(
    (api, token: string) => api.POST("/api/v1/invitations/accept", { body: { token } }),
    [["tenants"]],
  );
}

/**
 * Every address inside the dashboard. A static export has no dynamic segments, so ids are query parameters;
 * nothing else builds a path by hand.
 */
const withQuery = (path: string, query: Record<string, string | undefined>): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
};

export const routes = {
  home: () => "/",
  start: (query: { agent?: string | undefined; step?: string } = {}) => withQuery("/start/", query),
  agents: (query: { q?: string } = {}) => withQuery("/agents/", query),
  agent: (id: string, tab?: "history") => withQuery("/agents/edit/", { id, tab }),
  agentTools: (query: { id: string; tool?: string }) => withQuery("/agents/tools/", query),
  calls: (query: { agent?: string } = {}) => withQuery("/calls/", query),
  call: (id: string) => withQuery("/calls/view/", { id }),
  testCall: (query: { agent?: string } = {}) => withQuery("/test-call/", query),
  numbers: () => "/numbers/",
  members: () => "/members/",
  /** Where an invited person accepts. */
  invitation: (token: string) => withQuery("/invitation/", { token }),
  apiKeys: () => "/api-keys/",
  audit: (query: { subject?: string } = {}) => withQuery("/audit/", query),
  usage: () => "/usage/",
  settings: () => "/settings/",
};

/** Where this deployment's services are: `/config.json` next to the pages, so that no address is built in. */

export interface Config {
  /** Origin of the API. */
  apiUrl: string;
  /** Origin of the connection function. */
  oauthUrl: string;
  /** OpenID Connect: the issuer, and this dashboard as it knows it. */
  issuer: string;
  clientId: string;
}

export class ConfigError extends Error {}

/** Raises `ConfigError` when the file is missing or lacks something. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch("/config.json", { cache: "no-store" });
  if (!response.ok) throw new ConfigError(`/config.json: ${response.status}`);
  const given = (await response.json()) as Record<string, unknown>;
  const text = (name: string): string => {
    const value = given[name];
    if (typeof value !== "string" || value === "") throw new ConfigError(`/config.json: ${name} is missing`);
    return value;
  };
  const origin = (name: string): string => new URL(text(name)).origin;
  return {
    apiUrl: origin("api_url"),
    oauthUrl: origin("oauth_url"),
    issuer: text("issuer"),
    clientId: text("client_id"),
  };
}

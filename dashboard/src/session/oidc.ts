/** Signing in: OpenID Connect, authorization code with PKCE. Loaded only when somebody has to sign in. */
import * as oauth from "oauth4webapi";
import type { Config } from "@/config";

const PENDING = "trunkline.sign-in";
const CLOCK_TOLERANCE_SECONDS = 300;

/** What has to survive the way to the issuer and back; nothing in it lets anybody in. */
interface Pending {
  verifier: string;
  state: string;
  nonce: string;
  returnTo: string;
}

export interface Token {
  idToken: string;
  email: string | undefined;
  name: string | undefined;
  lifetimeSeconds: number;
}

export interface SignedIn {
  token: Token;
  returnTo: string;
}

export interface SignInOptions {
  returnTo: string;
  /** The address that somebody's link names; the issuer may take it as who wants to sign in. */
  loginHint?: string | undefined;
  /** Ask who it is, even if the issuer remembers. */
  chooseAccount?: boolean;
}

export class SignInError extends Error {}

/** Leaves the page. */
export async function startSignIn(config: Config, options: SignInOptions): Promise<void> {
  const server = await discover(config);
  const pending: Pending = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    returnTo: options.returnTo,
  };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  if (!server.authorization_endpoint) throw new SignInError("the issuer names no authorization_endpoint");
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    ...Object.fromEntries(url.searchParams),
    client_id: config.clientId,
    redirect_uri: redirectUri(),
    response_type: "code",
    scope: "openid email profile",
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: "S256",
    state: pending.state,
    nonce: pending.nonce,
    ...(options.loginHint ? { login_hint: options.loginHint } : {}),
    ...(options.chooseAccount ? { prompt: "select_account" } : {}),
  }).toString();
  location.assign(url);
}

/** At the address that the issuer sends the browser back to. Raises `SignInError`, or what `fetch` raises when nothing answers. */
export async function completeSignIn(config: Config, address: URL): Promise<SignedIn> {
  const stored = sessionStorage.getItem(PENDING);
  if (!stored) throw new SignInError("this tab has not asked to sign in");
  sessionStorage.removeItem(PENDING);
  const pending = JSON.parse(stored) as Pending;
  const server = await discover(config);
  const client: oauth.Client = { client_id: config.clientId, [oauth.clockTolerance]: CLOCK_TOLERANCE_SECONDS };
  try {
    const parameters = oauth.validateAuthResponse(server, client, address, pending.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      redirectUri(),
      pending.verifier,
      { [oauth.allowInsecureRequests]: isLoopback(config.issuer) },
    );
    const answer = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: pending.nonce,
      requireIdToken: true,
    });
    const claims = oauth.getValidatedIdTokenClaims(answer);
    if (!claims || !answer.id_token) throw new SignInError("the issuer sent no ID token");
    const text = (value: unknown) => (typeof value === "string" ? value : undefined);
    return {
      token: {
        idToken: answer.id_token,
        email: text(claims["email"]),
        name: text(claims["name"]),
        lifetimeSeconds: claims.exp - claims.iat,
      },
      returnTo: pending.returnTo,
    };
  } catch (error) {
    if (error instanceof SignInError || error instanceof TypeError) throw error;
    throw new SignInError(error instanceof Error ? error.message : String(error));
  }
}

async function discover(config: Config): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(config.issuer);
  const response = await oauth.discoveryRequest(issuer, {
    [oauth.allowInsecureRequests]: isLoopback(config.issuer),
  });
  return await oauth.processDiscoveryResponse(issuer, response);
}

function redirectUri(): string {
  return `${location.origin}/signed-in/`;
}

/** Only on the machine itself may an issuer do without TLS. */
function isLoopback(url: string): boolean {
  return ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
}

/** Where signing out at the issuer as well begins; undefined: the issuer does not offer it. */
export async function signOutUrl(config: Config, idToken: string): Promise<string | undefined> {
  const server = await discover(config);
  if (!server.end_session_endpoint) return undefined;
  const url = new URL(server.end_session_endpoint);
  url.searchParams.set("client_id", config.clientId);
  url.searchParams.set("id_token_hint", idToken);
  url.searchParams.set("post_logout_redirect_uri", `${location.origin}/signed-out/`);
  return url.toString();
}

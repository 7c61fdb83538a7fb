/**
 * Who is signed in, in this tab's memory alone: neither a reload nor another site's script finds a token.
 * It lives outside of React because the API's client asks it before each request.
 */
import type { Token } from "./oidc";

/** `refused`: the API does not accept what the issuer has just given; signing in again would go round in circles. */
export type SessionState = "signed-out" | "signed-in" | "expired" | "refused";

export interface Person {
  email: string | undefined;
  name: string | undefined;
}

const FRESH_MILLISECONDS = 10_000;
/** Instead of an address to return to: the token is for another window of ours. */
export const HAND_OVER = "hand-over";
const CHANNEL = "trunkline.session";

export class Session {
  private current: { token: Token; receivedAt: number } | undefined;
  private state: SessionState = "signed-out";
  private listeners = new Set<() => void>();

  getState = (): SessionState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get person(): Person | undefined {
    return this.current && { email: this.current.token.email, name: this.current.token.name };
  }

  put(token: Token): void {
    this.current = { token, receivedAt: performance.now() };
    this.change("signed-in");
  }

  /** The ID token; undefined when there is none that is still valid, which the console then sees to. */
  token(): string | undefined {
    if (this.state === "signed-in" && this.age() >= (this.current?.token.lifetimeSeconds ?? 0) * 1000) {
      this.change("expired");
    }
    return this.state === "signed-in" ? this.current?.token.idToken : undefined;
  }

  /** The API answered 401. */
  rejected(): void {
    if (this.state === "signed-in") this.change(this.age() < FRESH_MILLISECONDS ? "refused" : "expired");
  }

  clear(): void {
    this.current = undefined;
    this.change("signed-out");
  }

  /** Takes over what a second window brings, so that the page with the unsaved form can stay as it is. */
  listen(): () => void {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = (event: MessageEvent<Token>) => {
      const same = event.data.email === this.current?.token.email;
      if (this.state === "expired" && same) this.put(event.data);
    };
    return () => channel.close();
  }

  /** In that second window. */
  static handOver(token: Token): void {
    const channel = new BroadcastChannel(CHANNEL);
    channel.postMessage(token);
    channel.close();
  }

  private age(): number {
    return performance.now() - (this.current?.receivedAt ?? 0);
  }

  private change(state: SessionState): void {
    this.state = state;
    this.listeners.forEach((listener) => listener());
  }
}

/**
 * Writes out/headers.json: the response headers of every exported page, for whichever static host serves it.
 *
 * {"pages": {"/agents/": {"Content-Security-Policy": "…"}, …}, "all": {…}, "immutable": "/_next/static/"}
 *
 * `{connect}` in a policy is for the host to fill in: the origins of the API, the connection function and the
 * issuer, and LiveKit's with ws(s): and http(s):. Inline scripts are allowed by their hashes, one set a page.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

const OUT = new URL("../out/", import.meta.url).pathname;

const hashOf = (text) => `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;

/** Also raises for what the policy would block: better here than in somebody's browser. */
function hashesOf(file) {
  const html = readFileSync(file, "utf8");
  for (const forbidden of [/<style\b/i, /<[^>]+\sstyle=/i, /<[^>]+\son[a-z]+=/i]) {
    if (forbidden.test(html)) throw new Error(`${file}: has what the policy forbids: ${forbidden}`);
  }
  const scripts = [...html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)];
  const inline = scripts.filter(([, attributes]) => !/\bsrc=/.test(attributes));
  return [...new Set(inline.map(([, , body]) => hashOf(body)))];
}

const policy = (hashes) =>
  [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(" ")}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self' {connect}",
    "media-src 'self' blob: mediastream:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; ");

const files = readdirSync(OUT, { recursive: true }).filter((name) => name.endsWith(".html"));
const pages = Object.fromEntries(
  files.sort().map((name) => {
    const path = `/${relative(OUT, join(OUT, name)).split(sep).join("/")}`.replace(/index\.html$/, "");
    return [path, { "Content-Security-Policy": policy(hashesOf(join(OUT, name))) }];
  }),
);
const all = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
  // The provider's consent runs in a window that reports back.
  "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
};
writeFileSync(join(OUT, "headers.json"), JSON.stringify({ pages, all, immutable: "/_next/static/" }, null, 2));
console.log(`headers.json: ${Object.keys(pages).length} pages`);

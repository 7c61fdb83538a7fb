/** Prints what each exported page loads first, gzipped; fails above the limit. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const OUT = new URL("../out/", import.meta.url).pathname;
const LIMIT_KB = 200;

const sizes = new Map();
const gzipped = (file) => {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(join(OUT, file)), { level: 9 }).length);
  return sizes.get(file);
};

let tooLarge = 0;
for (const name of readdirSync(OUT, { recursive: true }).filter((file) => file.endsWith(".html")).sort()) {
  const html = readFileSync(join(OUT, name), "utf8");
  // Browsers that know modules, which all that we support are, do not load `nomodule` scripts.
  const tags = [...html.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag).filter((tag) => !/nomodule/i.test(tag));
  const files = new Set(tags.flatMap((tag) => /\bsrc="([^"?]+\.js)/.exec(tag)?.[1] ?? []));
  const kb = [...files].reduce((sum, file) => sum + gzipped(file), 0) / 1000;
  const verdict = kb > LIMIT_KB ? "TOO LARGE" : "";
  if (verdict) tooLarge += 1;
  console.log(`/${name.replace(/index\.html$/, "")}`.padEnd(32), `${kb.toFixed(1)} kB`.padStart(10), verdict);
}
console.log(`limit ${LIMIT_KB} kB of JavaScript, gzipped`);
process.exitCode = tooLarge ? 1 : 0;

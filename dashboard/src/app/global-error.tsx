"use client";
import { en } from "@/texts/en";
import "./globals.css";

/** What even the layout did not survive; in English, since the texts may be what broke. */
export default function BrokenLayout() {
  return (
    <html lang="en">
      <body>
        <main>
          <title>{`${en.common.brokenTitle} · Trunkline`}</title>
          <h1>{en.common.brokenTitle}</h1>
          <p>{en.common.brokenText}</p>
        </main>
      </body>
    </html>
  );
}

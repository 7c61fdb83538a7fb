import type { Metadata, Viewport } from "next";
import { type ReactNode, Suspense } from "react";
import { SessionProvider } from "@/session/SessionProvider";
import { TextProvider } from "@/texts/TextProvider";
import { PageSkeleton } from "@/ui/states";
import "./globals.css";

export const metadata: Metadata = { title: "Trunkline", robots: { index: false } };
export const viewport: Viewport = { width: "device-width", initialScale: 1, colorScheme: "light dark" };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <TextProvider fallback={<PageSkeleton />}>
          <Suspense fallback={<PageSkeleton />}>
            <SessionProvider>{children}</SessionProvider>
          </Suspense>
        </TextProvider>
      </body>
    </html>
  );
}

import { type ReactNode, Suspense } from "react";
import { Console } from "@/shell/Console";
import { PageSkeleton } from "@/ui/states";

/** Pages in this folder are for members of a tenant: they can take for granted that there is one. */
export default function ConsoleLayout({ children }: { children: ReactNode }) {
  return (
    <Suspense fallback={<PageSkeleton />}>
      <Console>{children}</Console>
    </Suspense>
  );
}

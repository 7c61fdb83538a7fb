"use client";
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { routes } from "@/routes";
import { CardsSkeleton } from "@/ui/states";

/** The start page leads to the agents. */
export default function HomePage() {
  const router = useRouter();
  useEffect(() => router.replace(routes.agents()), [router]);
  return <CardsSkeleton />;
}

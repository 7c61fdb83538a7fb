/** The pages of the side navigation, in order. A new page is one line here; only pages that exist are listed. */
import { Bot, type LucideIcon } from "lucide-react";
import { routes } from "@/routes";
import type { TextKey } from "@/texts/catalogue";

export interface NavItem {
  href: string;
  label: Extract<TextKey, `${string}.title`>;
  icon: LucideIcon;
}

export const NAVIGATION: NavItem[] = [{ href: routes.agents(), label: "agents.title", icon: Bot }];

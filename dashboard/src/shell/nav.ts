/** The pages of the side navigation, in order. A new page is one line here; only pages that exist are listed. */
import { Bot, ChartColumn, History, House, KeyRound, type LucideIcon, Phone, PhoneIncoming, Settings, Users } from "lucide-react";
import { routes } from "@/routes";
import type { TextKey } from "@/texts/catalogue";

export interface NavItem {
  href: string;
  label: Extract<TextKey, `${string}.title`>;
  icon: LucideIcon;
}

export const NAVIGATION: NavItem[] = [
  { href: routes.home(), label: "home.title", icon: House },
  { href: routes.agents(), label: "agents.title", icon: Bot },
  { href: routes.calls(), label: "calls.title", icon: PhoneIncoming },
  { href: routes.numbers(), label: "numbers.title", icon: Phone },
  { href: routes.usage(), label: "usage.title", icon: ChartColumn },
  { href: routes.members(), label: "members.title", icon: Users },
  { href: routes.apiKeys(), label: "apiKeys.title", icon: KeyRound },
  { href: routes.audit(), label: "audit.title", icon: History },
  { href: routes.settings(), label: "settings.title", icon: Settings },
];

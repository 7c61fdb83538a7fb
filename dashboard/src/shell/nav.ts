/** The pages of the side navigation, in order. A new page is one line here; only pages that exist are listed. */
import { Bot, ChartColumn, History, House, KeyRound, type LucideIcon, Phone, PhoneIncoming, Settings, Users } from "lucide-react";
import { routes } from "@/routes";
import type { TextKey } from "@/texts/catalogue";

export interface NavItem {
  href: string;
  label: Extract<TextKey, `${string}.title`>;
  icon: LucideIcon;
  /** Another page that belongs to it, although it has an address of its own. */
  also?: string;
}

export const isAt = ({ href, also }: NavItem, path: string): boolean =>
  href === routes.home() ? path === href : path.startsWith(href) || (also !== undefined && path.startsWith(also));

export const NAVIGATION: NavItem[] = [
  { href: routes.home(), label: "home.title", icon: House },
  { href: routes.agents(), label: "agents.title", icon: Bot, also: routes.start() },
  { href: routes.calls(), label: "calls.title", icon: PhoneIncoming, also: routes.testCall() },
  { href: routes.numbers(), label: "numbers.title", icon: Phone },
  { href: routes.usage(), label: "usage.title", icon: ChartColumn },
  { href: routes.members(), label: "members.title", icon: Users },
  { href: routes.apiKeys(), label: "apiKeys.title", icon: KeyRound },
  { href: routes.audit(), label: "audit.title", icon: History },
  { href: routes.settings(), label: "settings.title", icon: Settings },
];

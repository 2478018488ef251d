import { Gauge, Images, type LucideIcon, MessageSquare, Settings } from "lucide-react";
import type { TextKey } from "@/i18n";
import type { ShortcutName } from "./shortcuts";

/** A space stands in the rail and in the palette from the day it works. */
export type SpaceEntry = { path: string; name: TextKey; icon: LucideIcon; shortcut: ShortcutName };

export const SPACES: readonly SpaceEntry[] = [
  { path: "/chat", name: "space.chat", icon: MessageSquare, shortcut: "goToChat" },
  { path: "/images", name: "space.images", icon: Images, shortcut: "goToImages" },
  { path: "/console", name: "space.console", icon: Gauge, shortcut: "goToConsole" },
];

export const SETTINGS: SpaceEntry = { path: "/settings", name: "space.settings", icon: Settings, shortcut: "goToSettings" };

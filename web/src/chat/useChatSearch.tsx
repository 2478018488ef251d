import { MessageSquare } from "lucide-react";
import { useLocation } from "wouter";
import { api } from "@/api/client";
import { useLanguage, useT } from "@/i18n";
import { keysOf, runShortcut, SHORTCUTS } from "@/shell/shortcuts";
import { useCommands } from "@/shell/commands";
import type { Found } from "./types";

const MOST = 12;

/** In the palette (⌘K): everything that was ever said, and what Chat can do. */
export function useChatSearch(): void {
  const t = useT();
  const [, go] = useLocation();
  const date = new Intl.DateTimeFormat(useLanguage(), { dateStyle: "medium" });
  const shortcuts = ["newChat", "temporaryChat"] as const;
  useCommands({
    heading: t("space.chat"),
    commands: shortcuts.map((name) => ({ id: name, label: t(SHORTCUTS[name].name), keys: keysOf(name), run: () => runShortcut(name) })),
    search: async (query, signal) => {
      const found = await api.get<{ data: Found[] }>(`/v1/chats/search?q=${encodeURIComponent(query)}&limit=${MOST}`, { signal });
      return found.data.map((one) => ({
        id: `${one.chat} ${one.message}`,
        label: one.title || t("chat.untitled"),
        detail: one.message ? one.snippet : date.format(one.created * 1000),
        icon: <MessageSquare aria-hidden />,
        run: () => go(one.message ? `/chat/${one.chat}?at=${one.message}` : `/chat/${one.chat}`),
      }));
    },
  });
}

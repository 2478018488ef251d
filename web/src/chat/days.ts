import type { Translate } from "../i18n";
import type { Chat } from "./types.ts";

export type Group = { name: string; chats: Chat[] };

const DAY_MS = 86_400_000;

/** Chats by when something was last said in them, in the reader's own days. They come newest first and stay so. */
export function byDay(chats: readonly Chat[], t: Translate, language: string, now = new Date()): Group[] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const month = new Intl.DateTimeFormat(language, { month: "long", year: "numeric" });
  const nameOf = (seconds: number): string => {
    const at = seconds * 1000;
    if (at >= midnight) return t("chat.today");
    if (at >= midnight - DAY_MS) return t("chat.yesterday");
    if (at >= midnight - 7 * DAY_MS) return t("chat.week");
    if (at >= midnight - 30 * DAY_MS) return t("chat.month");
    const name = month.format(at);
    return name.charAt(0).toUpperCase() + name.slice(1);
  };
  const groups: Group[] = [];
  for (const chat of chats) {
    const name = nameOf(chat.updated);
    const last = groups.at(-1);
    if (last?.name === name) last.chats.push(chat);
    else groups.push({ name, chats: [chat] });
  }
  return groups;
}

import { useQueryClient } from "@tanstack/react-query";
import { useLocation, useParams } from "wouter";
import { api } from "@/api/client";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { bringBack, forgetSoon } from "./forgetting";
import { tellOtherTabs } from "./otherTabs";
import { changeListed, changeThread, refreshLists } from "./queries";
import type { Chat } from "./types";

export type ChatChanges = Partial<Pick<Chat, "title" | "pinned" | "archived" | "folder" | "deployment" | "current" | "instructions">>;

/** What can be done with a chat from anywhere: shown at once, kept by the server, taken back where it refuses. */
export function useChatChanges() {
  const t = useT();
  const memory = useQueryClient();
  const errorText = useErrorText();
  const [, go] = useLocation();
  const { chat: open } = useParams<{ chat?: string }>();

  const change = async (chat: Chat, changes: ChatChanges): Promise<void> => {
    changeThread(memory, chat.id, (thread) => ({ ...thread, ...changes }));
    changeListed(memory, chat.id, changes);
    try {
      await api.post<Chat>(`/v1/chats/${chat.id}`, changes);
      tellOtherTabs(chat.id);
    } catch (error) {
      toast({ text: errorText(error), bad: true });
      void memory.invalidateQueries({ queryKey: ["chat", chat.id] });
    }
    if (!("current" in changes)) refreshLists(memory);
  };

  const archive = (chat: Chat, archived: boolean): void => {
    void change(chat, { archived });
    toast({ text: t(archived ? "chat.archivedNow" : "chat.unarchivedNow"), undo: () => void change(chat, { archived: !archived }) });
  };

  const forget = (chat: Chat): void => {
    const wasOpen = open === chat.id;
    forgetSoon(
      chat.id,
      () => {
        memory.removeQueries({ queryKey: ["chat", chat.id] });
        tellOtherTabs(chat.id);
        refreshLists(memory);
      },
      (error) => toast({ text: errorText(error), bad: true }),
    );
    if (wasOpen) go("/chat");
    const undo = () => {
      bringBack(chat.id);
      if (wasOpen) go(`/chat/${chat.id}`);
    };
    toast({ text: t("chat.deleted", { title: chat.title || t("chat.untitled") }), undo });
  };
  return { change, archive, forget };
}

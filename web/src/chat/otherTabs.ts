import type { QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { refreshLists, refreshThread } from "./queries";

const channel = new BroadcastChannel("pleiade.chats");

/** Tell the other tabs that a chat has changed. */
export function tellOtherTabs(chat: string): void {
  channel.postMessage(chat);
}

/** What other tabs change is shown here too. */
export function useOtherTabs(memory: QueryClient): void {
  useEffect(() => {
    const listener = ({ data }: MessageEvent<string>) => {
      void refreshThread(memory, data);
      refreshLists(memory);
    };
    channel.addEventListener("message", listener);
    return () => channel.removeEventListener("message", listener);
  }, [memory]);
}

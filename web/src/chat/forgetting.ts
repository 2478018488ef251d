import { useSyncExternalStore } from "react";
import { api, ApiError } from "@/api/client";

// What is deleted vanishes at once and can be brought back for a moment; then it is really deleted, on the server.
const PATIENCE_MS = 7000;
const waiting = new Map<string, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();
let hidden: ReadonlySet<string> = new Set();

function changed(): void {
  hidden = new Set(waiting.keys());
  for (const listener of listeners) listener();
}

/** Delete a chat after a moment in which `bringBack` undoes it. */
export function forgetSoon(chat: string, onGone: () => void, onError: (error: unknown) => void): void {
  const forget = () => {
    api
      .del(`/v1/chats/${chat}`)
      .catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error; // another tab was faster
      })
      .then(onGone, onError)
      .finally(() => {
        waiting.delete(chat);
        changed();
      });
  };
  waiting.set(chat, setTimeout(forget, PATIENCE_MS));
  changed();
}

export function bringBack(chat: string): void {
  clearTimeout(waiting.get(chat));
  waiting.delete(chat);
  changed();
}

/** Ids of chats that are about to be deleted. */
export function useForgotten(): ReadonlySet<string> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => hidden,
  );
}

addEventListener("pagehide", () => {
  for (const [chat, timer] of waiting) {
    clearTimeout(timer);
    void api.del(`/v1/chats/${chat}`, { keepalive: true });
  }
  waiting.clear();
});

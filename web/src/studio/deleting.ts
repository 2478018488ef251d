import { useSyncExternalStore } from "react";
import { api, ApiError } from "@/api/client";

// As with chats: what is deleted vanishes at once and can be brought back for a moment; then the server deletes it.
const PATIENCE_MS = 7000;
const waiting = new Map<string, ReturnType<typeof setTimeout>>();
const gone = new Set<string>(); // deleted, while lists may still hold it
const listeners = new Set<() => void>();
let hidden: ReadonlySet<string> = new Set();

function changed(): void {
  hidden = new Set([...waiting.keys(), ...gone]);
  for (const listener of listeners) listener();
}

/** Delete a picture after a moment in which `bringBack` undoes it. */
export function deleteSoon(picture: string, onGone: () => void, onError: (error: unknown) => void): void {
  const remove = async () => {
    waiting.delete(picture);
    gone.add(picture);
    try {
      await api.del(`/v1/gallery/${picture}`);
      onGone();
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return onGone(); // another tab was faster
      gone.delete(picture);
      changed();
      onError(error);
    }
  };
  waiting.set(picture, setTimeout(() => void remove(), PATIENCE_MS));
  changed();
}

export function bringBack(picture: string): void {
  clearTimeout(waiting.get(picture));
  waiting.delete(picture);
  changed();
}

/** Ids of pictures that are deleted, or about to be. */
export function useDeleted(): ReadonlySet<string> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => hidden,
  );
}

addEventListener("pagehide", () => {
  for (const [picture, timer] of waiting) {
    clearTimeout(timer);
    void api.del(`/v1/gallery/${picture}`, { keepalive: true });
  }
  waiting.clear();
});

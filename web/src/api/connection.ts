import { useSyncExternalStore } from "react";

// The browser's own `navigator.onLine` speaks of the network. Our server is often this very machine, and works without.
const PROBE_MS = 2000;
let away = false;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function set(next: boolean): void {
  if (away === next) return;
  away = next;
  for (const listener of listeners) listener();
}

/** An answer came, whatever it says. */
export function reached(): void {
  clearTimeout(timer);
  timer = undefined;
  set(false);
}

/** No answer came: say so, and ask until one does. */
export function unreachable(): void {
  set(true);
  timer ??= setTimeout(probe, PROBE_MS);
}

async function probe(): Promise<void> {
  timer = undefined;
  try {
    await fetch("/healthz", { cache: "no-store" });
    reached();
  } catch {
    unreachable();
  }
}

/** Whether the server cannot be reached at the moment. */
export function useServerAway(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => away,
  );
}

/** Resolves when the server answers again (at once if it does). */
export function whenReachable(signal?: AbortSignal): Promise<void> {
  if (!away) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const listener = () => {
      if (away) return;
      listeners.delete(listener);
      resolve();
    };
    listeners.add(listener);
    signal?.addEventListener("abort", () => {
      listeners.delete(listener);
      reject(signal.reason);
    });
  });
}

import { useSyncExternalStore } from "react";
import { FORMATS, type Format } from "./types.ts";

export const QUALITIES = ["low", "medium", "high"] as const;
export const BACKGROUNDS = ["auto", "transparent", "opaque"] as const;
export const COUNTS = [1, 2, 4, 8] as const;
export const OUTPUTS = FORMATS;

/** How pictures shall be made, beside what they shall show. */
export type Options = {
  size: string;
  count: number;
  quality: (typeof QUALITIES)[number];
  background: (typeof BACKGROUNDS)[number];
  /** One of the model's own; "" = any. */
  style: string;
  format: Format;
  /** Null: another one each time. */
  seed: number | null;
  negative: string;
  deployment: string | null;
};

const DEFAULTS: Options = {
  size: "512x512",
  count: 4,
  quality: "medium",
  background: "auto",
  style: "",
  format: "png",
  seed: null,
  negative: "",
  deployment: null,
};
const STORED = "pleiade.studio";

let now: Options = read();
const listeners = new Set<() => void>();

function read(): Options {
  try {
    return { ...DEFAULTS, ...(JSON.parse(sessionStorage.getItem(STORED) ?? "{}") as Partial<Options>) };
  } catch {
    return DEFAULTS; // somebody else's text under our name
  }
}

/** Change options, for as long as the tab is open. */
export function choose(changes: Partial<Options>): void {
  now = { ...now, ...changes };
  sessionStorage.setItem(STORED, JSON.stringify(now));
  for (const listener of listeners) listener();
}

export function useOptions(): Options {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => now,
  );
}

import { useSyncExternalStore } from "react";

/** What a person likes on this machine; kept by the browser. */
export type Preferences = {
  theme: "system" | "light" | "dark";
  /** Which key sends what was typed; the other one starts a new line. */
  sendKey: "enter" | "mod+enter";
  shortcuts: boolean;
  /** Whether answers appear while they are written (WCAG 4.1.3: some screen readers are better served without). */
  streaming: boolean;
  listOpen: boolean;
  /** How close the rows of tables stand. */
  density: "comfortable" | "compact";
  /** Keys of their own for shortcuts, by name (shell/shortcuts); the others have those that come with the app. */
  keys: Readonly<Record<string, string>>;
};

const DEFAULTS: Preferences = { theme: "system", sendKey: "enter", shortcuts: true, streaming: true, listOpen: true, density: "comfortable", keys: {} };
const STORED = "pleiade.preferences";
const THEME = "pleiade.theme"; // by itself: before-paint.js reads it

let now: Preferences = read();
const listeners = new Set<() => void>();

function read(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(STORED) ?? "{}") as Partial<Preferences>) };
  } catch {
    return DEFAULTS; // somebody else's text under our name
  }
}

export function prefer(changes: Partial<Preferences>): void {
  now = { ...now, ...changes };
  localStorage.setItem(STORED, JSON.stringify(now));
  showTheme();
  for (const listener of listeners) listener();
}

export function preferences(): Preferences {
  return now;
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function showTheme(): void {
  localStorage.setItem(THEME, now.theme);
  if (now.theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = now.theme;
}

// Another tab changed something.
addEventListener("storage", (event) => {
  if (event.key !== STORED) return;
  now = read();
  showTheme();
  for (const listener of listeners) listener();
});

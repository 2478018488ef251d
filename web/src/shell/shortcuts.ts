import { useEffect, useRef } from "react";
import type { TextKey } from "@/i18n";
import { preferences } from "./preferences";

/** Every shortcut of the app, with the keys that it has unless somebody chose others (`keysOf`), and its name. `mod` is ⌘ on Apple's keyboards, Ctrl elsewhere. */
export const SHORTCUTS = {
  palette: { keys: "mod+k", name: "keys.palette" },
  help: { keys: "mod+/", name: "keys.help" },
  settings: { keys: "mod+,", name: "keys.settings" },
  list: { keys: "mod+b", name: "keys.list" },
  newChat: { keys: "mod+shift+o", name: "keys.newChat" },
  temporaryChat: { keys: "mod+shift+'", name: "keys.temporaryChat" },
  deleteChat: { keys: "mod+shift+backspace", name: "keys.deleteChat" },
  modelPicker: { keys: "mod+shift+m", name: "keys.modelPicker" },
  focusInput: { keys: "shift+escape", name: "keys.focusInput" },
  stop: { keys: "escape", name: "keys.stop" },
  copyCode: { keys: "mod+shift+;", name: "keys.copyCode" },
  copyAnswer: { keys: "mod+shift+c", name: "keys.copyAnswer" },
  goToChat: { keys: "g c", name: "keys.goToChat" },
  goToImages: { keys: "g i", name: "keys.goToImages" },
  goToConsole: { keys: "g k", name: "keys.goToConsole" },
  goToSettings: { keys: "g s", name: "keys.goToSettings" },
} as const satisfies Record<string, { keys: string; name: TextKey }>;

export type ShortcutName = keyof typeof SHORTCUTS;

/** The keys of a shortcut: somebody's own, or those that it comes with. */
export function keysOf(name: ShortcutName): string {
  return preferences().keys[name] ?? SHORTCUTS[name].keys;
}
type Handler = () => void;

const handlers = new Map<ShortcutName, Handler[]>(); // the last one to come is the first to be asked
const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);
const SEQUENCE_MS = 1000;
let before = "";
let beforeAt = 0;

/** While this component is on the page, `name`'s keys run `handler`. `when` false: they do what they otherwise do. */
export function useShortcut(name: ShortcutName, handler: Handler, when = true): void {
  const latest = useRef(handler);
  latest.current = handler;
  useEffect(() => {
    if (!when) return;
    const own = () => latest.current();
    handlers.set(name, [...(handlers.get(name) ?? []), own]);
    return () => {
      handlers.set(name, (handlers.get(name) ?? []).filter((other) => other !== own));
    };
  }, [name, when]);
}

/** Shortcuts that do something on the page as it is now, for the palette. */
export function activeShortcuts(): ShortcutName[] {
  return (Object.keys(SHORTCUTS) as ShortcutName[]).filter((name) => handlers.get(name)?.length);
}

export function runShortcut(name: ShortcutName): void {
  handlers.get(name)?.at(-1)?.();
}

/** Whether that is a key by itself which letters are typed with: it does nothing where somebody writes. */
export function isPlain(stroke: string): boolean {
  return !/^(mod|alt|escape|shift\+escape)/.test(stroke);
}

/** Keys by what the layout prints on them (so ⌘K is where a person finds K), in the words of SHORTCUTS. */
export function strokeOf(event: KeyboardEvent): string {
  const mod = APPLE ? event.metaKey : event.ctrlKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key.toLowerCase();
  // With Shift a punctuation key prints something else on each layout: then its place on the keyboard counts.
  const places: Record<string, string> = { Semicolon: ";", Quote: "'", Slash: "/", Comma: "," };
  const printed = /^[a-z0-9]$/.test(key) || key.length > 1 ? key : event.shiftKey ? (places[event.code] ?? key) : key;
  return [mod && "mod", event.altKey && "alt", event.shiftKey && "shift", printed].filter(Boolean).join("+");
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function onKeyDown(event: KeyboardEvent): void {
  if (!preferences().shortcuts || event.isComposing || event.defaultPrevented) return;
  const stroke = strokeOf(event);
  if (isPlain(stroke) && (typing(event.target) || event.repeat)) return;
  const sequence = event.timeStamp - beforeAt < SEQUENCE_MS ? `${before} ${stroke}` : stroke;
  before = stroke;
  beforeAt = event.timeStamp;
  for (const name of Object.keys(SHORTCUTS) as ShortcutName[]) {
    const keys = keysOf(name);
    if (keys !== stroke && keys !== sequence) continue;
    const handler = handlers.get(name)?.at(-1);
    if (!handler) continue;
    // Escape closes what is open first: dialogs and menus listen on their own.
    if (stroke === "escape" && document.querySelector("[role=dialog],[role=menu]")) return;
    event.preventDefault();
    handler();
    return;
  }
}

/** Listen from now on; once, at the start. */
export function listenForShortcuts(): void {
  addEventListener("keydown", onKeyDown);
}

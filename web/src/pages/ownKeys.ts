import { prefer, preferences } from "@/shell/preferences";
import { isPlain, keysOf, SHORTCUTS, type ShortcutName } from "@/shell/shortcuts";

const NAMES = Object.keys(SHORTCUTS) as ShortcutName[];
// What browsers do not give to pages, or what somebody would miss there.
const BROWSERS = new Set(["mod+t", "mod+n", "mod+w", "mod+q", "mod+r", "mod+l", "mod+shift+t", "mod+shift+n", "mod+shift+w", "mod+tab", "alt+f4", "f5", "f11", "f12"]);
// What one moves and acts with on every page.
const PAGES = new Set(["tab", "shift+tab", "enter", "space", " ", "escape", "arrowup", "arrowdown", "arrowleft", "arrowright", "home", "end", "pageup", "pagedown", "backspace", "delete"]);
const COPYING = new Set(["mod+c", "mod+v", "mod+x", "mod+a", "mod+z", "mod+y", "mod+shift+z"]);

export type KeysProblem = "browser" | "page";

/** Why keys cannot be somebody's shortcut; null where they can. */
export function keysProblem(keys: string): KeysProblem | null {
  if (BROWSERS.has(keys)) return "browser";
  return PAGES.has(keys) || COPYING.has(keys) ? "page" : null;
}

/** Keys after one more stroke: two letters in a row are one after the other, all else stands by itself. */
export function withStroke(keys: string, stroke: string): string {
  const before = keys.split(" ").at(-1) ?? "";
  const lettersOnly = isPlain(stroke) && keys !== "" && isPlain(before) && !PAGES.has(before);
  return lettersOnly ? `${before} ${stroke}` : stroke;
}

/** The other shortcut that these keys would set off, or that sets off before they are all pressed. */
export function holderOf(keys: string, except: ShortcutName): ShortcutName | null {
  return NAMES.find((name) => name !== except && clash(keysOf(name), keys)) ?? null;
}

function clash(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other} `) || other.startsWith(`${one} `);
}

/** Give a shortcut those keys; whoever had them gets the ones that it had. */
export function giveKeys(name: ShortcutName, keys: string): void {
  const holder = holderOf(keys, name);
  const own: Record<string, string> = { ...preferences().keys, [name]: keys };
  if (holder) own[holder] = keysOf(name);
  prefer({ keys: Object.fromEntries(Object.entries(own).filter(([one, given]) => SHORTCUTS[one as ShortcutName]?.keys !== given)) });
}

/** Give a shortcut the keys back that it came with; whoever has them meanwhile gets its present ones. */
export function resetKeys(name: ShortcutName): void {
  giveKeys(name, SHORTCUTS[name].keys);
}

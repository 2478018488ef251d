import { cx } from "./classes";

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);
const SIGNS: Record<string, string> = APPLE
  ? { mod: "⌘", shift: "⇧", alt: "⌥", backspace: "⌫", escape: "Esc", enter: "↵" }
  : { mod: "Ctrl", shift: "Shift", alt: "Alt", backspace: "⌫", escape: "Esc", enter: "Enter" };

/** "mod+shift+o" as this machine's keyboard writes it; "g c" is one key after the other. */
export function keysText(combination: string): string {
  return combination
    .split(" ")
    .map((stroke) => stroke.split("+").map((key) => SIGNS[key] ?? key.toUpperCase()).join(APPLE ? "" : "+"))
    .join(" ");
}

export function Keys({ of, inverse = false }: { of: string; inverse?: boolean }) {
  return <kbd className={cx("font-sans text-xs whitespace-nowrap", inverse ? "opacity-70" : "text-quiet")}>{keysText(of)}</kbd>;
}

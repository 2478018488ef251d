import { type Language, useLanguage } from "@/i18n";
import { cx } from "./classes";

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);
type Signs = Record<string, string>;
const SIGNS: Signs = { mod: "⌘", shift: "⇧", alt: "⌥", backspace: "⌫", escape: "Esc", enter: "↵" };
const WORDS: Record<Language, Signs> = {
  en: { mod: "Ctrl", shift: "Shift", alt: "Alt", backspace: "⌫", escape: "Esc", enter: "Enter" },
  fr: { mod: "Ctrl", shift: "Maj", alt: "Alt", backspace: "⌫", escape: "Échap", enter: "Entrée" },
};

/** "mod+shift+o" as this machine's keyboard writes it; "g c" is one key after the other. */
export function keysText(combination: string, language: Language): string {
  const signs = APPLE ? SIGNS : WORDS[language];
  return combination
    .split(" ")
    .map((stroke) => stroke.split("+").map((key) => signs[key] ?? key.toUpperCase()).join(APPLE ? "" : "+"))
    .join(" ");
}

export function Keys({ of, inverse = false }: { of: string; inverse?: boolean }) {
  return <kbd className={cx("font-sans text-xs whitespace-nowrap", inverse ? "opacity-70" : "text-quiet")}>{keysText(of, useLanguage())}</kbd>;
}

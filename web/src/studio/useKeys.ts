import { useEffect, useRef } from "react";
import { preferences } from "@/shell/preferences";

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

/** Keys of a tool, while it is on the page and nobody is typing: `{ b: …, "mod+z": … }`. */
export function useKeys(keys: Record<string, () => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!preferences().shortcuts || event.defaultPrevented || event.isComposing || isTyping(event.target)) return;
      const mod = APPLE ? event.metaKey : event.ctrlKey;
      // A bracket may need Alt Gr to be typed: what is printed counts, then its place on the keyboard.
      const printed = event.altKey && event.code.startsWith("Bracket") ? (event.code === "BracketLeft" ? "[" : "]") : event.key.toLowerCase();
      const name = [mod && "mod", event.altKey && "alt", event.shiftKey && mod && "shift", printed].filter(Boolean).join("+");
      const handler = latest.current[name];
      if (!handler) return;
      event.preventDefault();
      handler();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("[role=dialog],[role=menu]") !== null);
}

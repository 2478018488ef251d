import type { Token } from "marked";

/** A fence (``` or ~~~): where its content begins and ends, as far as is known. */
export type Fence = {
  closing: RegExp;
  language: string;
  from: number;
  /** Up to here no line closes it. */
  seen: number;
  /** Where the content ends and where the fence ends; null while it is open. */
  until: number | null;
  end: number | null;
};

const OPENING = /^(?:[ \t]*\n)* {0,3}(`{3,}|~{3,})([^\n]*)\n/;

/** The fence that begins the text at `at`, null where none does. */
export function fenceAt(text: string, at: number): Fence | null {
  const found = OPENING.exec(text.slice(at, at + 400));
  if (!found) return null;
  const mark = found[1] ?? "```";
  const words = (found[2] ?? "").trim();
  if (mark.startsWith("`") && words.includes("`")) return null;
  const closing = new RegExp(`^ {0,3}${mark.slice(0, 1)}{${mark.length},}[ \\t]*$`);
  const from = at + found[0].length;
  return lookFurther({ closing, language: words.split(/\s/)[0] ?? "", from, seen: from, until: null, end: null }, text);
}

/** The fence after more text came: whether a line closes it now. */
export function lookFurther(fence: Fence, text: string): Fence {
  let line = fence.seen;
  while (line < text.length) {
    const next = text.indexOf("\n", line);
    const end = next < 0 ? text.length : next;
    if (fence.closing.test(text.slice(line, end))) {
      return { ...fence, seen: line, until: Math.max(fence.from, line - 1), end: next < 0 ? end : end + 1 };
    }
    if (next < 0) break;
    line = next + 1;
  }
  return { ...fence, seen: line };
}

/** The block of code that a fence is. */
export function fencedCode(text: string, at: number, fence: Fence): Token {
  const raw = text.slice(at, fence.end ?? text.length);
  return { type: "code", raw, lang: fence.language, text: text.slice(fence.from, fence.until ?? text.length) };
}

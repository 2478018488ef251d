import type { Token } from "marked";
import { type Fence, fencedCode, fenceAt, lookFurther } from "./fence.ts";
import { blocksOf, marksIn, plainBlock } from "./grammar.ts";
import { repaired } from "./repair.ts";

/** A block of a text: what it is, and where it begins. One that is settled keeps its identity while the text grows. */
export type Block = { at: number; token: Token; open: boolean };

/** A text in blocks. Only the tail is read again when more comes: an answer of a megabyte costs no more than a short one. */
export type Split = {
  text: string;
  /** Settled blocks in pages, which keep their identity too. The last page may still grow (then it is a new one). */
  pages: readonly (readonly Block[])[];
  tail: readonly Block[];
  tailAt: number;
  /** The fence that the tail is, while nothing has closed it. */
  fence: Fence | null;
};

const PAGE = 24;
// marked's time grows with the square of a paragraph in the worst case, so long ones are read in parts, and what has
// more marks than any text that a person writes is not read for them at all.
const LONGEST = 4_000;
const WINDOW = 16_000;
const MOST_MARKS = 2_000;

export const NOTHING: Split = { text: "", pages: [], tail: [], tailAt: 0, fence: null };

/** `before` with all of `text`. `open`: more may come, and the end of what is there is shown as it will probably end. */
export function grow(before: Split, text: string, open: boolean): Split {
  const same = text.startsWith(before.text) ? before : NOTHING;
  let fence = same.fence && lookFurther(same.fence, text);
  const settled: Block[] = [];
  let at = same.tailAt;
  for (;;) {
    fence ??= fenceAt(text, at);
    const read = fence ? readFence(text, at, fence, open) : readWindow(text, at, open);
    settled.push(...read.settled);
    at = read.at;
    if (read.again) {
      fence = null;
      continue;
    }
    return { text, pages: withPages(same.pages, settled), tail: read.tail, tailAt: at, fence: fence?.end === null ? fence : null };
  }
}

type Read = { settled: Block[]; tail: Block[]; at: number; again: boolean };

function readFence(text: string, at: number, fence: Fence, open: boolean): Read {
  const end = fence.end ?? text.length;
  const block = { at, token: fencedCode(text, at, fence), open: open && fence.end === null };
  if (end < text.length) return { settled: [block], tail: [], at: end, again: true };
  return { settled: [], tail: [block], at, again: false };
}

/** The blocks of the beginning of what is unsettled: all but the last one will never change. */
function readWindow(text: string, at: number, open: boolean): Read {
  const whole = text.length - at <= WINDOW;
  const part = whole ? text.slice(at) : text.slice(at, at + WINDOW);
  if (marksIn(part) > MOST_MARKS) return readPlainly(part, at, open && whole);
  let tokens = blocksOf(open && whole ? repaired(part) : part);
  let last = lastBlock(tokens);
  // What was repaired must be the last block and nothing else.
  if (open && !part.startsWith(rawOf(tokens.slice(0, last)))) {
    tokens = blocksOf(part);
    last = lastBlock(tokens);
  }
  const settled = placed(tokens.slice(0, last), at, false);
  const lastAt = at + rawOf(tokens.slice(0, last)).length;
  const length = at + part.length - lastAt;
  const block = tokens[last];
  const tooLong = block && length > LONGEST && (block.type === "paragraph" || (last === 0 && !whole));
  if (tooLong) {
    const cut = cutOf(part.slice(lastAt - at, lastAt - at + (block.type === "paragraph" ? LONGEST : WINDOW)));
    const first = blocksOf(part.slice(lastAt - at, lastAt - at + cut));
    return { settled: [...settled, ...placed(first, lastAt, false)], tail: [], at: lastAt + cut, again: true };
  }
  if (!whole) return { settled, tail: [], at: lastAt, again: true };
  return { settled, tail: placed(tokens.slice(last), lastAt, open), at: lastAt, again: false };
}

function readPlainly(part: string, at: number, open: boolean): Read {
  const cut = cutOf(part.slice(0, LONGEST));
  const block = { at, token: plainBlock(part.slice(0, cut)), open };
  if (cut >= part.length) return { settled: [], tail: [block], at, again: false };
  return { settled: [{ ...block, open: false }], tail: [], at: at + cut, again: true };
}

function lastBlock(tokens: readonly Token[]): number {
  return Math.max(tokens.findLastIndex((token) => token.type !== "space"), 0);
}

/** Where a block that is too long to read again and again is cut: before a line, or before a word. */
function cutOf(part: string): number {
  const flush = [...part.matchAll(/\n(?=\S)/g)].at(-1)?.index;
  const places = [flush, part.lastIndexOf("\n"), part.lastIndexOf(" ")];
  const place = places.find((one) => one !== undefined && one > part.length / 2);
  return place === undefined ? part.length : place + 1;
}

function placed(tokens: readonly Token[], start: number, open: boolean): Block[] {
  let at = start;
  return tokens.map((token) => {
    const block = { at, token, open };
    at += token.raw.length;
    return block;
  });
}

function rawOf(tokens: readonly Token[]): string {
  return tokens.map((token) => token.raw).join("");
}

function withPages(pages: Split["pages"], blocks: readonly Block[]): Split["pages"] {
  if (blocks.length === 0) return pages;
  const last = pages.at(-1);
  const full = !last || last.length >= PAGE;
  const all = full ? blocks : [...last, ...blocks];
  const more: (readonly Block[])[] = [];
  for (let at = 0; at < all.length; at += PAGE) more.push(all.slice(at, at + PAGE));
  return [...(full ? pages : pages.slice(0, -1)), ...more];
}

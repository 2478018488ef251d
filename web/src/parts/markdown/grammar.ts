import { Marked, type Token, type Tokens, type TokenizerAndRendererExtension } from "marked";

/** What `$x$` and `$$x$$` become beside the tokens that marked knows. */
export type MathToken = { type: "math"; raw: string; tex: string; display: boolean };

// A dollar sign opens only before and closes only after something that is no space, and never before a digit: "$5 and $10".
const INLINE = /^\$(?!\s|\$)((?:\\.|[^\\\n$])+?)(?<!\s)\$(?!\d)|^\\\(([\s\S]+?)\\\)/;
const DISPLAY = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/;

function math(level: "block" | "inline", pattern: RegExp, starts: RegExp): TokenizerAndRendererExtension {
  return {
    name: level === "block" ? "displayMath" : "inlineMath",
    level,
    start: (text: string) => text.match(starts)?.index,
    tokenizer(text: string): Tokens.Generic | undefined {
      const found = pattern.exec(text);
      if (!found) return undefined;
      return { type: "math", raw: found[0], tex: (found[1] ?? found[2] ?? "").trim(), display: level === "block" };
    },
  };
}

const marked = new Marked({ gfm: true });
marked.use({ extensions: [math("block", DISPLAY, /\$\$|\\\[/), math("inline", INLINE, /\$|\\\(/)] });

/** The blocks of a text, with what stands inside them. Their `raw` together are the text. */
export function blocksOf(text: string): Token[] {
  return marked.lexer(text);
}

/** How many signs of a text may mean something: the time that reading takes depends on them. */
export function marksIn(text: string): number {
  return text.match(/[*_`[\]~$<\\]/g)?.length ?? 0;
}

/** A text that is not read for marks. */
export function plainBlock(text: string): Token {
  return { type: "paragraph", raw: text, text, tokens: [{ type: "text", raw: text, text, escaped: false }] };
}

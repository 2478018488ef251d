// Markdown that is still being written, ended as it will probably end: so that no `**` or half a link flashes by.

const LONE_MARK = /(^|\n)[ \t]*(?:[-*+]|\d{1,9}[.)]|#{1,6}|>|[-=*_]{2,}|`{1,2}|~{1,2})[ \t]*$/;
const HALF_LINK = /!?\[([^[\]\n]*)(?:\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+"[^"\n]*)?)?)?$/;
const HALF_RULE = /(?:^|\n)(\|?[^\n]*\|[^\n]*)\n[ \t|:-]*$/;

/** The end of `text`, closed: marks without words dropped, open ones ended, half a link shown as its words. */
export function repaired(text: string): string {
  const table = HALF_RULE.exec(text);
  if (table) return withRule(text, table[1] ?? "");
  const plain = text.replace(LONE_MARK, "$1");
  const start = plain.lastIndexOf("\n\n") + 1;
  return plain.slice(0, start) + closed(plain.slice(start));
}

/** A table whose second line is half there: with the whole line, so that it is a table from the start. */
function withRule(text: string, head: string): string {
  const columns = head.trim().replace(/^\||\|$/g, "").split("|").length;
  if (columns < 2) return text;
  return `${text.slice(0, text.lastIndexOf("\n") + 1)}|${" --- |".repeat(columns)}\n`;
}

function closed(paragraph: string): string {
  const open: string[] = [];
  let at = 0;
  while (at < paragraph.length) {
    const sign = paragraph[at] ?? "";
    if (sign === "\\") at += 2;
    else if (sign === "`") {
      const run = /^`+/.exec(paragraph.slice(at))?.[0] ?? "`";
      const end = paragraph.indexOf(run, at + run.length);
      if (end < 0) return ended(paragraph.slice(0, at), open) + (at + run.length < paragraph.length ? paragraph.slice(at) + run : "");
      at = end + run.length;
    } else if (sign === "*" || sign === "_" || sign === "~") {
      const run = paragraph.slice(at).match(sign === "*" ? /^\*{1,3}/ : sign === "_" ? /^_{1,3}/ : /^~{1,2}/)?.[0] ?? sign;
      const before = paragraph[at - 1] ?? " ";
      const after = paragraph[at + run.length] ?? "";
      if (open.at(-1) === run && before.trim()) open.pop();
      else if (!after) return ended(paragraph.slice(0, at), open);
      else if (after.trim() && (sign === "*" || !/\w/.test(before)) && (sign !== "~" || run.length === 2)) open.push(run);
      at += run.length;
    } else at += 1;
  }
  return ended(paragraph, open);
}

function ended(text: string, open: readonly string[]): string {
  const whole = text.replace(HALF_LINK, "$1");
  if (open.length === 0) return whole;
  const words = whole.trimEnd();
  return words + [...open].reverse().join("");
}

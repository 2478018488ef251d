const SLICE = 3000;

/** A text in parts that end with lines; parts before the last one stay the same while it grows. */
export function slices(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  while (text.length - from > SLICE) {
    const line = text.indexOf("\n", from + SLICE);
    const end = line < 0 ? text.length : line + 1;
    parts.push(text.slice(from, end));
    from = end;
  }
  if (from < text.length || parts.length === 0) parts.push(text.slice(from));
  return parts;
}

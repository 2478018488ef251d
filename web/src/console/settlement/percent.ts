/** Percent as it was typed, "112,5", as the decimal that the server takes, "1.125": the point is moved, nothing computed. */
export function decimalOf(percent: string): string {
  const text = percent.trim().replace(",", ".");
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!found) return text; // the server says what is wrong with it
  const [, sign = "", whole = "", rest = ""] = found;
  const digits = whole.padStart(3, "0");
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}${rest}`;
}

import type { Usage } from "./usage";

/** One line for each step and group, all measures, as spreadsheets read it (RFC 4180). */
export function csvOf(usage: Usage, group: string, name: (group: string) => string): string {
  const currencies = [...new Set([...usage.groups.values()].flat().flatMap((used) => Object.keys(used.nano)))].sort();
  const head = ["start", group, "requests", "input_tokens", "output_tokens", "input_cached_tokens", "images", ...currencies.map((currency) => `cost_${currency}`)];
  const lines = [head];
  for (const [index, start] of usage.starts.entries()) {
    for (const [value, steps] of usage.groups) {
      const used = steps[index];
      if (!used || used.calls + Object.keys(used.nano).length === 0) continue;
      const { calls, input, output, cached, images, nano } = used;
      const costs = currencies.map((currency) => exact(nano[currency] ?? 0));
      lines.push([new Date(start * 1000).toISOString(), name(value), ...[calls, input, output, cached, images].map(String), ...costs]);
    }
  }
  return lines.map((line) => line.map(field).join(",")).join("\r\n");
}

/** Billionths as a decimal, all of it. */
function exact(nano: number): string {
  const digits = String(Math.abs(nano)).padStart(10, "0");
  return `${nano < 0 ? "-" : ""}${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/\.?0+$/, "");
}

/** A field that no spreadsheet takes for a formula, quoted where it must be. */
function field(text: string): string {
  const plain = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

import type { Span, StepName } from "./usage";

export const RANGES = ["24h", "7d", "30d", "90d", "month", "lastMonth"] as const;
/** One of the ranges, or a month: "2026-10". */
export type RangeName = (typeof RANGES)[number] | `${number}-${number}`;

export function rangeOf(text: string): RangeName | undefined {
  return RANGES.find((name) => name === text) ?? (isMonth(text) ? text : undefined);
}

export function isMonth(text: string): text is `${number}-${number}` {
  return /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
}

const DAY = 86_400;
const DAYS: Partial<Record<string, number>> = { "24h": 1, "7d": 7, "30d": 30, "90d": 90 };

/** The steps that a range can be told in; the first one by default. */
export function stepsOf(range: RangeName): readonly StepName[] {
  return range === "24h" ? ["1h", "1d"] : range === "7d" ? ["1d", "1h"] : ["1d"];
}

/** From when to when, in Unix seconds; days and months are UTC's, as in the ledger and on invoices. */
export function spanOf(range: RangeName, step: StepName, now: Date): Span {
  const year = now.getUTCFullYear();
  const month = now.getUTCMonth();
  const seconds = Math.floor(now.getTime() / 1000);
  if (isMonth(range)) {
    const [ofYear = year, ofMonth = 1] = range.split("-").map(Number);
    return { start: Date.UTC(ofYear, ofMonth - 1, 1) / 1000, end: Date.UTC(ofYear, ofMonth, 1) / 1000, step };
  }
  const end = seconds - (seconds % 3600) + 3600;
  if (range === "month") return { start: Date.UTC(year, month, 1) / 1000, end, step };
  if (range === "lastMonth") return { start: Date.UTC(year, month - 1, 1) / 1000, end: Date.UTC(year, month, 1) / 1000, step };
  const days = DAYS[range] ?? 30;
  if (step === "1h") return { start: end - days * DAY, end, step };
  const today = seconds - (seconds % DAY);
  return { start: today - (days - 1) * DAY, end, step };
}

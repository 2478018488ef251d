import { useMemo } from "react";
import { type Language, useLanguage } from "@/i18n";

/** Amounts are decimal strings as the server told them: they are written out and compared, never added up here. */
export type Amounts = {
  /** "1234.5" as money of its currency, to its last digit. */
  money: (amount: string, currency: string) => string;
  /** A month, "2026-10", or another period as it is called. */
  period: (period: string) => string;
  /** A day, in Unix seconds; days are UTC's, as in the ledger. */
  day: (seconds: number) => string;
};

export function useAmounts(): Amounts {
  const language = useLanguage();
  return useMemo(() => amountsOf(language), [language]);
}

function amountsOf(language: Language): Amounts {
  const month = new Intl.DateTimeFormat(language, { month: "long", year: "numeric", timeZone: "UTC" });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" });
  return {
    money: (amount, currency) => new Intl.NumberFormat(language, { style: "currency", currency, maximumFractionDigits: 9 }).format(amount as `${number}`),
    period: (period) => (/^\d{4}-\d{2}$/.test(period) ? month.format(Date.UTC(Number(period.slice(0, 4)), Number(period.slice(5)) - 1)) : period),
    day: (seconds) => day.format(seconds * 1000),
  };
}

/** An amount as it was typed, as the server takes it: "1 250,5" is "1250.5". What is no amount goes as it is, to be refused. */
export function typedAmount(text: string): string {
  const bare = text.replace(/[\s\u00a0\u202f]/g, "");
  return /^-?\d+,\d+$/.test(bare) ? bare.replace(",", ".") : bare;
}

export function isBelowZero(amount: string): boolean {
  return amount.startsWith("-");
}

export function isZero(amount: string): boolean {
  return /^-?[0.]+$/.test(amount);
}

/** Whole parts of 10^-9, for lengths that are drawn and for sorting: exact, and never shown. */
export function partsOf(amount: string): bigint {
  const [whole = "0", rest = ""] = amount.replace("-", "").split(".");
  const parts = BigInt(whole) * 1_000_000_000n + BigInt(rest.padEnd(9, "0").slice(0, 9));
  return isBelowZero(amount) ? -parts : parts;
}

/** How much of `whole` a part is, in ten-thousandths: only where something is drawn. */
export function shareOf(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * 10_000n) / whole) / 10_000;
}

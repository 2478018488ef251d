import { useMemo } from "react";
import { type Language, useLanguage } from "@/i18n";

/** An amount of money as the server tells it. */
export type Money = { value: number; currency: string };

export type Formats = {
  number: (value: number) => string;
  /** Short: 1.2 M. For axes and figures. */
  short: (value: number) => string;
  /** A time in milliseconds, in the unit that suits it. */
  time: (ms: number) => string;
  money: (amount: Money) => string;
  percent: (share: number) => string;
  bytes: (count: number) => string;
  /** A moment in Unix seconds. */
  moment: (seconds: number) => string;
  /** The same, as short as it is clear within `range` seconds. */
  place: (seconds: number, range: number) => string;
};

/** Numbers, times and money as the reader's language writes them. */
export function useFormats(): Formats {
  const language = useLanguage();
  return useMemo(() => formatsOf(language), [language]);
}

function formatsOf(language: Language): Formats {
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const tenths = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
  const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const hour = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const dayAndHour = new Intl.DateTimeFormat(language, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  return {
    number: number.format,
    short: short.format,
    time: (ms) => (ms < 1000 ? `${tenths.format(ms)} ms` : ms < 120_000 ? `${tenths.format(ms / 1000)} s` : `${tenths.format(ms / 60_000)} min`),
    money: ({ value, currency }) =>
      new Intl.NumberFormat(language, { style: "currency", currency, maximumFractionDigits: value !== 0 && Math.abs(value) < 1 ? 6 : 2 }).format(value),
    percent: percent.format,
    bytes: (count) => `${tenths.format(count / 2 ** 30)} GiB`,
    moment: (seconds) => moment.format(seconds * 1000),
    place: (seconds, range) => (range <= 86_400 ? hour : range <= 8 * 86_400 ? dayAndHour : day).format(seconds * 1000),
  };
}

import { useT, type Translate } from "@/i18n";
import { cx } from "@/ui/classes";
import { type Amounts, isBelowZero, isZero, useAmounts } from "../amounts";
import { useFormats } from "../formats";
import type { Line, WholeInvoice } from "./invoices";

/** Every line with what it comes from, down to what is to be paid: the same lines as on the printed bill. */
export function Lines({ invoice }: { invoice: WholeInvoice }) {
  const t = useT();
  const amounts = useAmounts();
  const { number } = useFormats();
  const { money } = amounts;
  const feet: [string, string][] = [
    [t("invoices.net"), invoice.net],
    ...(isZero(invoice.tax) ? [] : ([[t("invoices.tax"), invoice.tax]] as [string, string][])),
    [t("invoices.total"), invoice.total],
    ...(isZero(invoice.credits) || invoice.kind === "credit_note" ? [] : ([[t("invoices.creditsPay"), negative(invoice.credits)], [t("invoices.due"), invoice.due]] as [string, string][])),
  ];
  return (
    <section aria-label={t("invoices.lines")} className="flex min-w-0 flex-col gap-3">
      <h2 className="text-base font-semibold">{t("invoices.lines")}</h2>
      <div role="region" aria-label={t("invoices.lines")} tabIndex={0} className="overflow-x-auto rounded-md border border-line">
        <table className="w-full border-collapse tabular-nums">
          <thead>
            <tr className="bg-side text-quiet">
              <th scope="col" className="px-3 py-2 text-start font-medium">
                {t("invoices.line")}
              </th>
              <th scope="col" className="hidden px-3 py-2 text-end font-medium sm:table-cell">
                {t("invoices.quantity")}
              </th>
              <th scope="col" className="px-3 py-2 text-end font-medium">
                {t("invoices.amount")}
              </th>
            </tr>
          </thead>
          <tbody>
            {invoice.lines.map((line, index) => (
              <tr key={`${index} ${line.text}`} className="border-t border-line align-top">
                <th scope="row" className="px-3 py-2 text-start font-normal">
                  <span className="break-words">{line.text}</span>
                  <span className="block text-xs text-quiet">{comesFrom(line, invoice, t, amounts)}</span>
                </th>
                <td className="hidden px-3 py-2 text-end sm:table-cell">{line.quantity ? number(line.quantity) : ""}</td>
                <td className={cx("px-3 py-2 text-end whitespace-nowrap", isBelowZero(line.amount) && "text-good")}>{money(line.amount, invoice.currency)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            {feet.map(([name, amount], index) => (
              <tr key={name} className={cx("bg-side", index === 0 ? "border-t border-line-strong" : "border-t border-line", index === feet.length - 1 && "font-semibold")}>
                <th scope="row" className={cx("px-3 py-2 text-start", index < feet.length - 1 && "font-normal")}>
                  {name}
                </th>
                <td className="hidden sm:table-cell" />
                <td className="px-3 py-2 text-end whitespace-nowrap">{money(amount, invoice.currency)}</td>
              </tr>
            ))}
          </tfoot>
        </table>
      </div>
    </section>
  );
}

function negative(amount: string): string {
  return isBelowZero(amount) ? amount.slice(1) : `-${amount}`;
}

/** Where a line comes from, in a sentence: a price and since when, the terms, the tax rule, an act of an administrator. */
function comesFrom(line: Line, invoice: WholeInvoice, t: Translate, { money, day, period }: Amounts): string {
  const price = invoice.prices.find((one) => one.id === line.price);
  switch (line.type) {
    case "usage":
      return price && line.rate
        ? t("invoices.from.usage", { rate: money(line.rate, invoice.currency), per: line.per ?? 1, version: price.version, since: day(price.since) })
        : t("invoices.from.usageOnly");
    case "allowance":
    case "tiers":
    case "discount":
    case "plan":
      return invoice.terms_from ? t("invoices.from.terms", { month: period(invoice.terms_from) }) : "";
    case "tax":
      return invoice.tax_rule?.note || t("invoices.from.tax", { percent: line.percent ?? "0" });
    case "service":
      return t("invoices.from.service");
    case "rounding":
      return t("invoices.from.rounding", { currency: invoice.currency });
    case "credit":
      return invoice.reason ?? "";
  }
}

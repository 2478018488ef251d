import type { ReactNode } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { isZero, useAmounts } from "../amounts";
import type { Party, WholeInvoice } from "./invoices";
import { StatusMark } from "./StatusMark";

/** What it is, who sells and who buys, and the credit notes over it. */
export function InvoiceFacts({ invoice }: { invoice: WholeInvoice }) {
  const t = useT();
  const { money, period, day } = useAmounts();
  const sum = (amount: string) => money(amount, invoice.currency);
  const final = invoice.status !== "draft" && invoice.kind === "invoice";
  const facts: [string, ReactNode][] = [
    [t("invoices.status"), <StatusMark key="state" invoice={invoice} />],
    [t("invoices.month"), period(invoice.period)],
    [t("invoices.of"), invoice.of],
    [t("invoices.reason"), invoice.reason],
    [t("invoices.issued"), invoice.issued_at && day(invoice.issued_at)],
    [t("invoices.payBy"), final && invoice.pay_by && day(invoice.pay_by)],
    [t("invoices.total"), sum(invoice.total)],
    [t("invoices.credits"), !isZero(invoice.credits) && sum(invoice.credits)],
    [t("invoices.credited"), !isZero(invoice.credited) && sum(invoice.credited)],
    [t("invoices.open"), final && sum(invoice.open)],
    [t("invoices.paidOn"), invoice.paid_at && invoice.kind === "invoice" && day(invoice.paid_at)],
  ];
  return (
    <>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-2 tabular-nums">
        {facts
          .filter(([, value]) => Boolean(value))
          .map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-quiet">{name}</dt>
              <dd className="min-w-0 break-words">{value}</dd>
            </div>
          ))}
      </dl>
      <PartyPart title={t("invoices.seller")} party={invoice.seller} />
      <PartyPart title={t("invoices.customer")} party={invoice.customer} />
      {invoice.credit_notes.length > 0 && (
        <section aria-label={t("invoices.notes")} className="flex flex-col gap-2">
          <h2 className="font-semibold">{t("invoices.notes")}</h2>
          <ul className="flex flex-col gap-2">
            {invoice.credit_notes.map((note) => (
              <li key={note.id} className="min-w-0 break-words">
                <Link href={`/console/invoices/${note.id}`} className="underline underline-offset-4">
                  {note.number}
                </Link>{" "}
                {t("invoices.noteSays", { amount: sum(note.total), reason: note.reason ?? "" })}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function PartyPart({ title, party }: { title: string; party: Party }) {
  return (
    <section aria-label={title} className="flex min-w-0 flex-col gap-1 break-words">
      <h2 className="font-semibold">{title}</h2>
      {[party.name, ...(party.address ?? []), party.country, party.tax_id, party.email, ...(party.payment ?? [])].map((line, index) => line && <p key={`${index} ${line}`}>{line}</p>)}
    </section>
  );
}

import { useT, type Translate } from "@/i18n";
import { type Amounts, useAmounts } from "../amounts";
import type { Until, WholeAgreement } from "./settlement";

/** What was agreed: who has which share of which tranche, and until when; and the text itself. */
export function Terms({ agreement }: { agreement: WholeAgreement }) {
  const t = useT();
  const amounts = useAmounts();
  const named = (id: string) => agreement.parties.find((party) => party.id === id)?.name ?? id;
  return (
    <section aria-label={t("settlement.terms")} className="flex min-w-0 flex-col gap-3">
      <h2 className="text-base font-semibold">{t("settlement.terms")}</h2>
      <ol className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
        {agreement.tranches.map((tranche) => (
          <li key={tranche.name} className="flex flex-col gap-1 rounded-md border border-line p-3">
            <h3 className="font-medium">{tranche.name}</h3>
            <p>{Object.entries(tranche.shares).map(([party, { percent }]) => t("settlement.shareSaid", { party: named(party), percent })).join(", ")}</p>
            <p className="text-quiet">{untilSaid(tranche.until, agreement.currency, named, t, amounts)}</p>
          </li>
        ))}
      </ol>
      {agreement.investments.length > 0 && (
        <ul className="flex flex-col gap-1">
          {agreement.investments.map((one, index) => (
            <li key={`${index} ${one.party}`}>{t("settlement.invested", { party: named(one.party), amount: amounts.money(one.amount, agreement.currency), date: one.date })}</li>
          ))}
        </ul>
      )}
      <details>
        <summary className="w-fit cursor-pointer rounded-sm text-quiet hover:text-ink coarse:py-3">{t("settlement.document")}</summary>
        <pre role="region" aria-label={t("settlement.document")} tabIndex={0} className="mt-2 max-h-96 overflow-auto rounded-md border border-line p-3 font-mono text-xs">
          {agreement.document}
        </pre>
      </details>
    </section>
  );
}

function untilSaid(until: Until | null, currency: string, named: (id: string) => string, t: Translate, { money }: Amounts): string {
  if (!until) return t("settlement.until.forGood");
  const said: string[] = [];
  if (until.party && until.amount) said.push(t("settlement.until.received", { party: named(until.party), amount: money(until.amount, currency) }));
  if (until.date) said.push(t("settlement.until.date", { date: until.date }));
  if (until.caps) {
    const caps = Object.entries(until.caps).map(([party, cap]) => (cap ? t("settlement.until.cap", { party: named(party), amount: money(cap, currency) }) : named(party)));
    said.push(t("settlement.until.caps", { caps: caps.join(", ") }));
  }
  return said.join(` ${t("settlement.until.or")} `);
}

import { useT, type Translate } from "@/i18n";
import { type Amounts, isZero, useAmounts } from "../amounts";
import type { Part, Settlement, WholeAgreement } from "./settlement";

type SentencesProps = { agreement: WholeAgreement; made: Settlement; period: string };
type Say = { t: Translate; amounts: Amounts; agreement: WholeAgreement };

/** Who gets what and why, and what remains until the shares change; of the period that is shown, or of the last one. */
export function Sentences({ agreement, made, period }: SentencesProps) {
  const t = useT();
  const amounts = useAmounts();
  const say = { t, amounts, agreement };
  const one = made.periods.find((each) => each.period === period) ?? made.periods.at(-1);
  if (!one) return null;
  const name = amounts.period(one.period);
  return (
    <section aria-label={t("settlement.whoAndWhy")} className="flex min-w-0 flex-col gap-3">
      <h2 className="text-base font-semibold">{t("settlement.whoAndWhy")}</h2>
      <h3 className="font-medium">{name}</h3>
      {one.parts.length === 0 && <p>{t("settlement.noProfit")}</p>}
      <ul className="flex flex-col gap-3">
        {one.parts.map((part, index) => (
          <li key={`${index} ${part.tranche}`} className="flex flex-col gap-1">
            {partSaid(part, say).map((sentence) => (
              <p key={sentence}>{sentence}</p>
            ))}
          </li>
        ))}
      </ul>
      <h3 className="font-medium">{t("settlement.next")}</h3>
      <ul className="flex flex-col gap-1">
        {nextSaid(one, say).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
        {made.tranches.flatMap(({ tranche, ended_in }) => (ended_in ? [<li key={tranche}>{t("settlement.endedIn", { tranche, period: amounts.period(ended_in) })}</li>] : []))}
      </ul>
    </section>
  );
}

function partSaid(part: Part, { t, amounts, agreement }: Say): string[] {
  const money = (amount: string) => amounts.money(amount, agreement.currency);
  const tranche = agreement.tranches.find((one) => one.name === part.tranche);
  const shares = agreement.parties
    .flatMap((party) => {
      const share = tranche?.shares[party.id];
      return share ? [t("settlement.shareSaid", { party: party.name, percent: share.percent })] : [];
    })
    .join(", ");
  const got = agreement.parties.flatMap((party) => (isZero(part.shares[party.id] ?? "0") ? [] : [t("settlement.gets", { party: party.name, amount: money(part.shares[party.id] ?? "0") })])).join(", ");
  const kind = part.kind === "made good" ? "madeGood" : part.kind;
  return [
    t(`settlement.part.${kind}`, { amount: money(part.amount), tranche: part.tranche, shares }),
    ...(got ? [t(kind === "paid" ? "settlement.gotSaid" : "settlement.bookedSaid", { got })] : []),
    ...part.capped.map(({ party, then }) => t("settlement.cappedSaid", { party: nameOf(agreement, party), then: nameOf(agreement, then) })),
  ];
}

function nextSaid({ next, carried }: Settlement["periods"][number], { t, amounts, agreement }: Say): string[] {
  const money = (amount: string) => amounts.money(amount, agreement.currency);
  const said = isZero(carried) ? [] : [t("settlement.carriedSaid", { amount: money(carried) })];
  for (const [party, amount] of Object.entries(next.lacking)) said.push(t("settlement.lacks", { party: nameOf(agreement, party), amount: money(amount), tranche: next.tranche }));
  if (next.profit !== null) said.push(t("settlement.further", { amount: money(next.profit), tranche: next.tranche }));
  if (next.date !== null) said.push(t("settlement.endsBy", { tranche: next.tranche, date: next.date }));
  return said.length > 0 ? said : [t("settlement.lastTranche", { tranche: next.tranche })];
}

function nameOf(agreement: WholeAgreement, id: string): string {
  return agreement.parties.find((party) => party.id === id)?.name ?? id;
}

import { useT } from "@/i18n";
import { type Step, Waterfall } from "@/ui/Waterfall";
import { isBelowZero, isZero, partsOf, shareOf, useAmounts } from "../amounts";
import { CLASSES, type Settlement } from "./settlement";

type Move = { name: string; amount: string; look: Step["look"] };

/** From what was sold down to the profit, and from the profit to who gets it. Partners see it from the profit on. */
export function ProfitWaterfall({ made, period }: { made: Settlement; period: string }) {
  const t = useT();
  const { money, period: named } = useAmounts();
  const one = made.periods.find((each) => each.period === period);
  const profit = one?.profit ?? made.profit;
  const shares = one?.shares ?? made.totals;
  const flows = made.flows?.[period || "total"];
  const moves: Move[] = [
    ...(flows ? CLASSES.filter((kind) => !isZero(flows[kind])).map((kind): Move => ({ name: t(`settlement.flow.${kind}`), amount: flows[kind], look: isBelowZero(flows[kind]) ? "out" : "in" })) : []),
    { name: t(isBelowZero(profit) ? "settlement.lossOf" : "settlement.profit"), amount: profit, look: "sum" },
    ...made.parties.map((party, index): Move => ({ name: party.name, amount: shares[party.id] ?? "0", look: index })),
  ];
  const { steps, zero } = drawn(moves, (amount) => money(amount, made.currency));
  const title = period ? t("settlement.waterfallOf", { period: named(period) }) : t("settlement.waterfall");
  return (
    <section aria-label={title} className="flex min-w-0 flex-col gap-3">
      <h2 className="text-base font-semibold">{title}</h2>
      <Waterfall title={title} steps={steps} zero={zero} />
      <p className="text-quiet">{t("settlement.waterfallWhy")}</p>
    </section>
  );
}

/** Bars that begin where the last one ended; the sum stands from zero, and parties take from it until nothing is left. */
function drawn(moves: readonly Move[], written: (amount: string) => string): { steps: Step[]; zero: number } {
  let level = 0n;
  const spans = moves.map(({ amount, look }) => {
    const parts = partsOf(amount);
    const from = look === "sum" ? 0n : level;
    level = look === "sum" ? parts : typeof look === "number" ? level - parts : level + parts;
    return { from, to: level };
  });
  const ends = spans.flatMap(({ from, to }) => [from, to]);
  const least = ends.reduce((a, b) => (b < a ? b : a), 0n);
  const most = ends.reduce((a, b) => (b > a ? b : a), 0n);
  const place = (parts: bigint) => shareOf(parts - least, most - least);
  const steps = moves.map(({ name, amount, look }, index) => {
    const span = spans[index] ?? { from: 0n, to: 0n };
    return { name, amount: written(amount), look, from: place(span.from), to: place(span.to) };
  });
  return { steps, zero: place(0n) };
}

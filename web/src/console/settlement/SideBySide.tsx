import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import { colourOf } from "@/ui/chartSeries";
import { partsOf, shareOf, useAmounts } from "../amounts";
import type { Scenario, Settlement } from "./settlement";

/** As booked and as it would be: profit, what each party is paid, and when tranches end. */
export function SideBySide({ scenario, touched }: { scenario: Scenario; touched: boolean }) {
  const t = useT();
  const { money, period } = useAmounts();
  const { booked, what_if } = scenario;
  const sum = (amount: string | undefined) => money(amount ?? "0", booked.currency);
  const most = [booked, what_if].flatMap((one) => one.parties.map(({ id }) => size(one, id))).reduce((a, b) => (b > a ? b : a), 0n);
  const horizon = booked.periods.at(-1)?.period ?? "";
  const head = "px-3 py-2 text-end font-medium";
  const rows = [
    { name: t("settlement.profit"), of: (one: Settlement) => sum(one.profit), look: null },
    ...booked.parties.map((party, index) => ({ name: party.name, of: (one: Settlement) => sum(one.paid[party.id]), look: { id: party.id, index } })),
  ];
  return (
    <>
      <div role="region" aria-label={t("settlement.sideBySide")} tabIndex={0} className="overflow-x-auto rounded-md border border-line">
        <table aria-label={t("settlement.sideBySide")} className="w-full border-collapse tabular-nums">
          <thead className="bg-side text-quiet">
            <tr>
              <th scope="col" className="px-3 py-2 text-start font-medium">
                {t("settlement.horizon", { period: period(horizon) })}
              </th>
              <th scope="col" className={head}>
                {t("settlement.booked")}
              </th>
              <th scope="col" className={head}>
                {t("settlement.ifSo")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, of, look }) => (
              <tr key={name} className="border-t border-line align-top">
                <th scope="row" className={cx("px-3 py-2 text-start", look ? "font-normal" : "font-semibold")}>
                  {name}
                </th>
                {[booked, what_if].map((one, column) => (
                  <td key={column} className="px-3 py-2 text-end">
                    {of(one)}
                    {look && <Bar share={shareOf(size(one, look.id), most)} colour={colourOf(look.index)} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul className="flex flex-col gap-1">
        {booked.tranches.slice(0, -1).map(({ tranche, ended_in }, index) => {
          const then = what_if.tranches[index]?.ended_in ?? null;
          const at = (value: string | null) => (value ? period(value) : t("settlement.later"));
          return <li key={tranche}>{touched && then !== ended_in ? t("settlement.endsInstead", { tranche, then: at(then), now: at(ended_in) }) : t("settlement.ends", { tranche, when: at(ended_in) })}</li>;
        })}
      </ul>
    </>
  );
}

function size(one: Settlement, party: string): bigint {
  const parts = partsOf(one.paid[party] ?? "0");
  return parts < 0n ? 0n : parts;
}

function Bar({ share, colour }: { share: number; colour: string }) {
  return (
    <svg aria-hidden viewBox="0 0 1000 6" preserveAspectRatio="none" className="mt-1 block h-1.5 w-full min-w-16">
      <rect x={1000 - share * 1000} width={share * 1000} height={6} fill={colour} />
    </svg>
  );
}

import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { useAmounts } from "../amounts";
import type { Period, Settlement } from "./settlement";

/** Every period: its profit, what each party is paid of it, and whether it is closed. */
export function PeriodsTable({ made }: { made: Settlement }) {
  const t = useT();
  const { money, period } = useAmounts();
  const sum = (amount: string | undefined) => money(amount ?? "0", made.currency);
  const columns: Column<Period>[] = [
    { id: "period", name: t("settlement.period"), width: 10, cell: (row) => period(row.period), foot: t("settlement.total") },
    { id: "profit", name: t("settlement.profit"), width: 11, number: true, cell: (row) => sum(row.profit), foot: sum(made.profit) },
    ...made.parties.map(
      (party): Column<Period> => ({ id: `of ${party.id}`, name: party.name, number: true, cell: (row) => sum(row.paid[party.id]), foot: sum(made.paid[party.id]) }),
    ),
    { id: "carried", name: t("settlement.carried"), width: 11, number: true, wideOnly: true, cell: (row) => sum(row.carried), foot: sum(made.carried) },
    { id: "tranches", name: t("settlement.tranches"), wideOnly: true, cell: (row) => [...new Set(row.parts.map((part) => part.tranche))].join(", ") || "–" },
    { id: "state", name: t("settlement.state"), width: 8, cell: (row) => t(made.new_periods.includes(row.period) ? "settlement.open" : "settlement.closed") },
  ];
  return (
    <section aria-label={t("settlement.periods")} className="flex min-w-0 flex-col gap-3">
      <div>
        <h2 className="text-base font-semibold">{t("settlement.periods")}</h2>
        <p className="max-w-read text-quiet">{t("settlement.periodsWhy")}</p>
      </div>
      <Table label={t("settlement.periods")} columns={columns} rows={made.periods} rowKey={(row) => row.period} empty={<EmptyState title={t("settlement.nothing")} />} />
    </section>
  );
}

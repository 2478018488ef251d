import { useT } from "@/i18n";
import { useAmounts } from "../amounts";
import { Pick } from "../Choice";

const BACK = 36; // months that are offered

type MonthPickProps = { label: string; value: string; onChange: (month: string) => void };

/** One of the last months (UTC's, as in the ledger), or all of them: "". */
export function MonthPick({ label, value, onChange }: MonthPickProps) {
  const t = useT();
  const { period } = useAmounts();
  const months = lastMonths(BACK);
  const known = value === "" || months.includes(value) ? months : [value, ...months];
  return <Pick label={label} value={value} onChange={onChange} options={[{ value: "", name: t("invoices.all") }, ...known.map((month) => ({ value: month, name: period(month) }))]} />;
}

/** The running month and those before it, the newest first: "2026-11", "2026-10", … */
export function lastMonths(count: number): string[] {
  const now = new Date();
  return Array.from({ length: count }, (_, back) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7));
}

import { useT } from "@/i18n";
import { isZero, useAmounts } from "../amounts";
import type { Settlement } from "./settlement";

/** What somebody should know before these months are closed. */
export function Notes({ made }: { made: Settlement }) {
  const t = useT();
  const { money, period } = useAmounts();
  const notes = [
    ...(made.unbilled ?? []).map((one) => t.count("settlement.unbilled", one.organizations, { period: period(one.period) })),
    ...(made.late && !isZero(made.late) ? [t("settlement.late", { amount: money(made.late, made.currency) })] : []),
    ...(made.left_out?.length ? [t("settlement.leftOut", { currencies: made.left_out.join(", "), currency: made.currency })] : []),
  ];
  if (notes.length === 0) return null;
  return (
    <ul className="flex max-w-read flex-col gap-1 rounded-md bg-warn-wash p-3">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}

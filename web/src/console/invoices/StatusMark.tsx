import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import { isZero } from "../amounts";
import type { Invoice } from "./invoices";

/** How far a bill is, in a word; a colour comes with it. */
export function StatusMark({ invoice }: { invoice: Invoice }) {
  const t = useT();
  const late = invoice.status === "final" && !isZero(invoice.open) && invoice.pay_by !== null && invoice.pay_by * 1000 < Date.now();
  const state = invoice.kind === "credit_note" ? "credit" : late ? "late" : invoice.status;
  const colour = { draft: "bg-control", final: "bg-warn", late: "bg-bad", paid: "bg-good", credit: "bg-accent" }[state];
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <span aria-hidden className={cx("size-2 shrink-0 rounded-full", colour)} />
      {t(`invoices.state.${state}`)}
    </span>
  );
}

import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { typedAmount, useAmounts } from "../amounts";
import { FormEnd } from "../users/FormEnd";
import { useInvoiceActs, type WholeInvoice } from "./invoices";

/** A line by hand on a month that is not final: charged, or (below zero) given back. */
export function AdjustDialog({ invoice, onClose }: { invoice: WholeInvoice; onClose: () => void }) {
  const t = useT();
  const { period } = useAmounts();
  const [amount, setAmount] = useState("");
  const [memo, setMemo] = useState("");
  const [id] = useState(freshName); // sent twice, booked once
  const { adjust } = useInvoiceActs();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    adjust.mutate({ organization_id: invoice.organization_id, period: invoice.period, amount: typedAmount(amount), memo, id }, {
      onSuccess: () => {
        toast({ text: t("invoices.adjusted") });
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("invoices.adjustTitle", { month: period(invoice.period) })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-quiet">{t("invoices.adjustWhy")}</p>
        <TextField label={t("invoices.amountOf", { currency: invoice.currency })} required autoComplete="off" value={amount} onChange={(event) => setAmount(event.target.value)} hint={t("invoices.adjustHint")} />
        <TextField label={t("invoices.reason")} required value={memo} onChange={(event) => setMemo(event.target.value)} hint={t("invoices.reasonHint")} autoComplete="off" />
        <FormEnd does={t("invoices.act.adjust")} error={adjust.error} busy={adjust.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function freshName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

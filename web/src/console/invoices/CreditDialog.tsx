import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { typedAmount, useAmounts } from "../amounts";
import { FormEnd } from "../users/FormEnd";
import { useInvoiceActs, type WholeInvoice } from "./invoices";

/** How much is taken back, and why: it is printed. */
export function CreditDialog({ invoice, onClose }: { invoice: WholeInvoice; onClose: () => void }) {
  const t = useT();
  const { money } = useAmounts();
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("");
  const { credit } = useInvoiceActs();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    credit.mutate({ id: invoice.id, amount: typedAmount(amount), reason }, {
      onSuccess: (note) => {
        toast({ text: t("invoices.creditMade", { number: note.number ?? "", amount: money(note.total, note.currency) }) });
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("invoices.creditTitle", { number: invoice.number ?? "" })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-quiet">{t("invoices.creditWhy")}</p>
        <TextField label={t("invoices.amountOf", { currency: invoice.currency })} inputMode="decimal" autoComplete="off" value={amount} onChange={(event) => setAmount(event.target.value)} hint={t("invoices.creditHint")} />
        <TextField label={t("invoices.reason")} required value={reason} onChange={(event) => setReason(event.target.value)} autoComplete="off" />
        <FormEnd does={t("invoices.act.credit")} error={credit.error} busy={credit.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

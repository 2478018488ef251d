import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { useAmounts } from "../amounts";
import { FormEnd } from "../users/FormEnd";
import { useInvoiceActs, type WholeInvoice } from "./invoices";

/** The whole open amount was paid; by what, the bank says. */
export function PayDialog({ invoice, onClose }: { invoice: WholeInvoice; onClose: () => void }) {
  const t = useT();
  const { money } = useAmounts();
  const [reference, setReference] = useState("");
  const { pay } = useInvoiceActs();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    pay.mutate({ id: invoice.id, reference }, {
      onSuccess: () => {
        toast({ text: t("invoices.isPaid", { number: invoice.number ?? "" }) });
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("invoices.payTitle", { amount: money(invoice.open, invoice.currency) })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-quiet">{t("invoices.payWhy")}</p>
        <TextField label={t("invoices.reference")} value={reference} onChange={(event) => setReference(event.target.value)} hint={t("invoices.referenceHint")} autoComplete="off" />
        <FormEnd does={t("invoices.act.pay")} error={pay.error} busy={pay.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

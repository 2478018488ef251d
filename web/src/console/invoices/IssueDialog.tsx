import type { FormEvent } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { useAmounts } from "../amounts";
import { FormEnd } from "../users/FormEnd";
import { useInvoiceActs, type WholeInvoice } from "./invoices";

/** It cannot be undone, only credited: so it is asked, with the total that is on the screen. */
export function IssueDialog({ invoice, onClose }: { invoice: WholeInvoice; onClose: () => void }) {
  const t = useT();
  const { money, period } = useAmounts();
  const { issue, draft } = useInvoiceActs();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    issue.mutate(invoice, {
      onSuccess: ({ number }) => {
        toast({ text: t("invoices.issuedAs", { number: number ?? "" }) });
        onClose();
      },
      // What is on the screen may be old by now: the draft is made anew, to be looked at.
      onError: () => draft.mutate({ organization_id: invoice.organization_id, period: invoice.period }),
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("invoices.issueTitle", { month: period(invoice.period) })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p>{t("invoices.issueWhy", { customer: invoice.customer.name, total: money(invoice.total, invoice.currency) })}</p>
        <FormEnd does={t("invoices.act.issue")} error={issue.error} busy={issue.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

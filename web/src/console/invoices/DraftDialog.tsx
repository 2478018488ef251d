import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { SelectField } from "@/ui/Field";
import { useAmounts } from "../amounts";
import { FormEnd } from "../users/FormEnd";
import { useCustomers, useInvoiceActs } from "./invoices";
import { lastMonths } from "./MonthPick";

const OFFERED = 12;

/** A month and whom to draft it for: one customer, or all that have something to bill. */
export function DraftDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const { period } = useAmounts();
  const [, go] = useLocation();
  const months = lastMonths(OFFERED);
  const [month, setMonth] = useState(months[1] ?? "");
  const [of, setOf] = useState("");
  const { draft } = useInvoiceActs();
  const { data: customers } = useCustomers(month, true);
  const waiting = customers?.filter((one) => one.unbilled) ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    draft.mutate({ period: month, organization_id: of }, {
      onSuccess: ({ data, problems }) => {
        if (problems.length > 0) return;
        toast({ text: t.count("invoices.drafted", data.length) });
        onClose();
        if (data.length === 1 && data[0]) go(`/console/invoices/${data[0].id}`);
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("invoices.draftMonth")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-quiet">{t("invoices.draftWhy")}</p>
        <SelectField label={t("invoices.month")} value={month} onChange={(event) => { setMonth(event.target.value); setOf(""); }}>
          {months.map((one) => (
            <option key={one} value={one}>
              {period(one)}
            </option>
          ))}
        </SelectField>
        <SelectField label={t("invoices.customer")} value={of} onChange={(event) => setOf(event.target.value)} hint={customers && t.count("invoices.waiting", waiting.length)}>
          <option value="">{t("invoices.everyCustomer")}</option>
          {waiting.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </SelectField>
        {draft.data && draft.data.problems.length > 0 && (
          <ul role="alert" className="flex flex-col gap-1 text-bad">
            {draft.data.problems.map((one) => (
              <li key={one.organization_id}>{`${one.organization_id}: ${one.message}`}</li>
            ))}
          </ul>
        )}
        <FormEnd does={t("invoices.draft")} error={draft.error} busy={draft.isPending} disabled={customers !== undefined && waiting.length === 0} onClose={onClose} />
      </form>
    </Dialog>
  );
}

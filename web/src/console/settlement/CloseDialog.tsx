import type { FormEvent } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { useAmounts } from "../amounts";
import { FormEnd } from "../users/FormEnd";
import { type Settlement, useAgreementActs, type WholeAgreement } from "./settlement";

/** Closed months stay closed and what they pay is booked: so it is asked, with what each party is due. */
export function CloseDialog({ agreement, made, onClose }: { agreement: WholeAgreement; made: Settlement; onClose: () => void }) {
  const t = useT();
  const { money, period } = useAmounts();
  const { close } = useAgreementActs();
  const through = made.periods.at(-1)?.period ?? "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    close.mutate({ agreement: agreement.id, through, id: made.id }, {
      onSuccess: () => {
        toast({ text: t("settlement.isClosed", { period: period(through) }) });
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("settlement.closeTitle", { period: period(through) })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p>{t.count("settlement.closeWhy", made.new_periods.length)}</p>
        <dl className="flex flex-col gap-1 tabular-nums">
          {made.parties.map((party) => (
            <div key={party.id} className="flex justify-between gap-4">
              <dt>{party.name}</dt>
              <dd className="font-medium">{money(made.due?.[party.id] ?? "0", made.currency)}</dd>
            </div>
          ))}
        </dl>
        <FormEnd does={t("settlement.close")} error={close.error} busy={close.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

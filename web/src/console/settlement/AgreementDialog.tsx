import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { Dialog } from "@/ui/Dialog";
import { SelectField } from "@/ui/Field";
import { TextArea } from "@/ui/TextArea";
import { FormEnd } from "../users/FormEnd";
import { useCustomers } from "../invoices/invoices";
import { useAgreementActs, type WholeAgreement } from "./settlement";

const BEGINNING = `name = "Two partners"
currency = "EUR"

[[parties]]
id = "ann"

[[parties]]
id = "bob"
name = "Bob & Co."

[[investments]]
party = "ann"
date = 2026-01-01
amount = 100_000

[[tranches]]
name = "recovery"
shares = { ann = 0.8, bob = 0.2 }
until = { party = "ann", multiple = 1.5 }

[[tranches]]
name = "half and half"
shares = { ann = "1/2", bob = "1/2" }
`;

type AgreementDialogProps = { agreement?: WholeAgreement; onClose: () => void; onKept?: (id: string) => void };

/** The text of an agreement; and, once it is kept, which organisation looks on as which party. */
export function AgreementDialog({ agreement, onClose, onKept }: AgreementDialogProps) {
  const t = useT();
  const [document, setDocument] = useState(agreement?.document ?? BEGINNING);
  const [partners, setPartners] = useState<Record<string, string>>(agreement?.partners ?? {});
  const { keep } = useAgreementActs();
  const { data: customers } = useCustomers("", agreement !== undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const chosen = Object.fromEntries(Object.entries(partners).filter(([, organization]) => organization));
    keep.mutate({ id: agreement?.id ?? "", document, partners: chosen }, {
      onSuccess: ({ id }) => {
        onClose();
        onKept?.(id);
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={agreement?.name ?? t("settlement.add")} wide>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextArea mono rows={agreement ? 10 : 16} label={t("settlement.document")} hint={t("settlement.documentHint")} value={document} onChange={(event) => setDocument(event.target.value)} />
        {agreement && customers && (
          <fieldset className="flex flex-col gap-3">
            <legend className="mb-1 font-medium">{t("settlement.lookOn")}</legend>
            <p className="text-quiet">{t("settlement.lookOnWhy")}</p>
            <div className="grid gap-3 sm:grid-cols-2">
              {agreement.parties.map((party) => (
                <SelectField key={party.id} label={party.name} value={partners[party.id] ?? ""} onChange={(event) => setPartners({ ...partners, [party.id]: event.target.value })}>
                  <option value="">{t("settlement.nobody")}</option>
                  {customers.map((one) => (
                    <option key={one.id} value={one.id}>
                      {one.name}
                    </option>
                  ))}
                </SelectField>
              ))}
            </div>
          </fieldset>
        )}
        <FormEnd does={t("common.save")} error={keep.error} busy={keep.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

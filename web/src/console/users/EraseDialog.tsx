import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { FormEnd } from "./FormEnd";
import { nameOf, type Person, usePeopleActs } from "./users";

/** Everything of somebody goes for good: their address is typed. */
export function EraseDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const t = useT();
  const { erase } = usePeopleActs("");
  const [typed, setTyped] = useState("");
  const name = nameOf(person);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    erase.mutate({ id: person.id, email: typed.trim() }, {
      onSuccess: () => {
        toast({ text: t("users.erased", { name }) });
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("users.eraseTitle", { name })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p>{t("users.eraseWhy")}</p>
        <TextField label={t("users.eraseType", { email: person.email })} value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
        <FormEnd does={t("users.erase")} error={erase.error} busy={erase.isPending} onClose={onClose} danger disabled={typed.trim().toLowerCase() !== person.email.toLowerCase()} />
      </form>
    </Dialog>
  );
}

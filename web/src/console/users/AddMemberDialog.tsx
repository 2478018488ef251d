import { type FormEvent, useId, useState } from "react";
import { useT } from "@/i18n";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { FormEnd } from "./FormEnd";
import { RoleField } from "./RoleField";
import { nameOf, type Role, usePeople, usePeopleActs } from "./users";

/** Somebody of the organisation, into a project. */
export function AddMemberDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const t = useT();
  const known = useId();
  const { data: people } = usePeople();
  const { add } = usePeopleActs(project);
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate({ email, role }, { onSuccess: onClose });
  };
  return (
    <Dialog open onClose={onClose} title={t("users.add")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField label={t("users.email")} type="email" required list={known} value={email} onChange={(event) => setEmail(event.target.value)} hint={t("users.addHint")} autoComplete="off" />
        <datalist id={known}>
          {people?.pages.flatMap((page) => page.data).map((person) => (
            <option key={person.id} value={person.email}>
              {nameOf(person)}
            </option>
          ))}
        </datalist>
        <RoleField role={role} onChange={setRole} />
        <FormEnd does={t("users.addNow")} error={add.error} busy={add.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

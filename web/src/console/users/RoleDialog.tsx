import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { FormEnd } from "./FormEnd";
import { RoleField } from "./RoleField";
import { nameOf, type Person, roleOf, usePeopleActs } from "./users";

/** Another role, in the organisation or (`project`) in one of its projects. */
export function RoleDialog({ project, person, onClose }: { project: string; person: Person; onClose: () => void }) {
  const t = useT();
  const { setRole } = usePeopleActs(project);
  const [role, choose] = useState(roleOf(person));
  const name = nameOf(person);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setRole.mutate({ id: person.id, role }, {
      onSuccess: () => {
        toast({ text: t("users.roleNow", { name, role: t(`role.${role}`) }) });
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("users.roleTitle", { name })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <RoleField role={role} onChange={choose} />
        <FormEnd does={t("users.changeRole")} error={setRole.error} busy={setRole.isPending} onClose={onClose} disabled={role === roleOf(person)} />
      </form>
    </Dialog>
  );
}

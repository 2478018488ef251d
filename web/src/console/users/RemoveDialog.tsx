import type { FormEvent } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { FormEnd } from "./FormEnd";
import { nameOf, type Person, usePeopleActs } from "./users";

/** Keys end with it, and those do not come back: so it is asked. */
export function RemoveDialog({ project, person, onClose }: { project: string; person: Person; onClose: () => void }) {
  const t = useT();
  const { remove } = usePeopleActs(project);
  const name = nameOf(person);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate(person.id, {
      onSuccess: () => {
        toast({ text: t("users.removed", { name }) });
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("users.removeTitle", { name })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p>{t(project ? "users.removeFromProjectWhy" : "users.removeWhy")}</p>
        <FormEnd does={t("users.remove")} error={remove.error} busy={remove.isPending} onClose={onClose} danger />
      </form>
    </Dialog>
  );
}

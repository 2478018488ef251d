import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { FormEnd } from "./FormEnd";
import { RoleField } from "./RoleField";
import { type Project, type Role, useInviteActs, useProjectPages } from "./users";

type InviteDialogProps = { onClose: () => void; onMade: (made: { email: string; link: string }) => void };

/** Who, as what, and in which projects. */
export function InviteDialog(props: InviteDialogProps) {
  const t = useT();
  const { data, isPending } = useProjectPages();
  return (
    <Dialog open onClose={props.onClose} title={t("users.invite")}>
      {!isPending && <InviteForm {...props} projects={data?.pages.flatMap((page) => page.data) ?? []} />}
    </Dialog>
  );
}

function InviteForm({ onClose, onMade, projects }: InviteDialogProps & { projects: readonly Project[] }) {
  const t = useT();
  const { invite } = useInviteActs();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [chosen, setChosen] = useState<readonly string[]>(projects.slice(0, 1).map(({ id }) => id));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const asked = { email, role, projects: chosen.map((id) => ({ id, role })) };
    // Behind the #, which browsers keep to themselves: no log and no proxy sees the token.
    invite.mutate(asked, { onSuccess: (made) => onMade({ email: made.email, link: `${location.origin}/join#${made.token}` }) });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField label={t("users.email")} type="email" required value={email} onChange={(event) => setEmail(event.target.value)} hint={t("users.inviteHint")} autoComplete="off" />
      <RoleField role={role} onChange={setRole} />
      <fieldset className="min-w-0">
        <legend className="mb-1.5 font-medium">{t("users.projects")}</legend>
        <div className="flex max-h-40 flex-col overflow-y-auto rounded-sm border border-control px-2.5 py-1">
          {projects.map(({ id, name }) => (
            <label key={id} className="flex min-h-8 min-w-0 items-center gap-2 coarse:min-h-11">
              <input
                type="checkbox"
                className="size-4 shrink-0 accent-accent"
                checked={chosen.includes(id)}
                onChange={(event) => setChosen(event.target.checked ? [...chosen, id] : chosen.filter((one) => one !== id))}
              />
              <span className="truncate">{name}</span>
            </label>
          ))}
        </div>
        <p className="mt-1.5 text-quiet">{t("users.projectsHint")}</p>
      </fieldset>
      <FormEnd does={t("users.makeLink")} error={invite.error} busy={invite.isPending} onClose={onClose} />
    </form>
  );
}

import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { FormEnd } from "./FormEnd";
import { type Project, useProjectActs } from "./users";

/** A name for a new project, or (`project`) another one. */
export function NameDialog({ project, onClose }: { project?: Project; onClose: () => void }) {
  const t = useT();
  const { create, rename } = useProjectActs();
  const [name, setName] = useState(project?.name ?? "");
  const act = project ? rename : create;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (project) rename.mutate({ id: project.id, name }, { onSuccess: onClose });
    else create.mutate(name, { onSuccess: onClose });
  };
  return (
    <Dialog open onClose={onClose} title={project ? t("users.renameTitle", { name: project.name }) : t("users.newProject")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField label={t("users.name")} required value={name} onChange={(event) => setName(event.target.value)} autoComplete="off" />
        <FormEnd does={t(project ? "users.rename" : "users.makeProject")} error={act.error} busy={act.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

/** There is no way back from it, and programs stop: its name must be typed. */
export function ArchiveDialog({ project: { id, name }, onClose }: { project: Project; onClose: () => void }) {
  const t = useT();
  const { archive } = useProjectActs();
  const [typed, setTyped] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed !== name) return;
    archive.mutate(id, {
      onSuccess: () => {
        toast({ text: t("users.archived", { name }) });
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("users.archiveTitle", { name })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p>{t("users.archiveWhy")}</p>
        <TextField label={t("users.typeName", { name })} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
        <FormEnd does={t("users.archive")} error={archive.error} busy={archive.isPending} onClose={onClose} danger disabled={typed !== name} />
      </form>
    </Dialog>
  );
}

import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { useDeploymentActs } from "./deployments";

/** Whoever calls a deployment that is gone gets 404, and no undo makes that unhappen: its name must be typed. */
export function DeleteDialog({ name, onClose, onGone }: { name: string; onClose: () => void; onGone: () => void }) {
  const t = useT();
  const told = useErrorText();
  const { remove } = useDeploymentActs();
  const [typed, setTyped] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed !== name) return;
    remove.mutate(name, {
      onSuccess: () => {
        toast({ text: t("deploy.deleted", { name }) });
        onGone();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("deploy.deleteTitle", { name })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p>{t("deploy.deleteWhy")}</p>
        <TextField label={t("deploy.typeName", { name })} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" error={remove.error ? told(remove.error) : undefined} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="danger" disabled={typed !== name} busy={remove.isPending}>
            {t("deploy.delete")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

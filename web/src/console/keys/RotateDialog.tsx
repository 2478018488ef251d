import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { SelectField } from "@/ui/Field";
import { type Key, type Secret, useKeyActs } from "./keys";

type RotateProps = { project: string; held: Key; onClose: () => void; onMade: (secret: Secret) => void };

/** A new secret; the old one stays in force for a while, so that programs can change over one after the other. */
export function RotateDialog({ project, held, onClose, onMade }: RotateProps) {
  const t = useT();
  const told = useErrorText();
  const { rotate } = useKeyActs(project);
  const [grace, setGrace] = useState(86_400);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rotate.mutate({ id: held.id, grace }, { onSuccess: onMade });
  };
  return (
    <Dialog open onClose={onClose} title={t("keyring.rotateTitle", { name: held.name })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p>{t("keyring.rotateWhy")}</p>
        <SelectField label={t("keyring.grace")} value={grace} onChange={(event) => setGrace(Number(event.target.value))}>
          <option value={0}>{t("keyring.graceNone")}</option>
          {[1, 7, 30].map((days) => (
            <option key={days} value={days * 86_400}>
              {t.count("keyring.graceDays", days)}
            </option>
          ))}
        </SelectField>
        {rotate.error && (
          <p role="alert" className="text-bad">
            {told(rotate.error)}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" busy={rotate.isPending}>
            {t("keyring.rotate")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { type Key, useKeyActs } from "./keys";

/** A revoked secret stays one: there is no way back, so it is asked. */
export function RevokeDialog({ project, held, onClose }: { project: string; held: Key; onClose: () => void }) {
  const t = useT();
  const told = useErrorText();
  const { revoke } = useKeyActs(project);
  const sure = () =>
    revoke.mutate(held.id, {
      onSuccess: () => {
        toast({ text: t("keyring.revoked", { name: held.name }) });
        onClose();
      },
    });
  return (
    <Dialog open onClose={onClose} title={t("keyring.revokeTitle", { name: held.name })}>
      <div className="flex flex-col gap-4">
        <p>{t("keyring.revokeWhy")}</p>
        {revoke.error && (
          <p role="alert" className="text-bad">
            {told(revoke.error)}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="danger" onClick={sure} busy={revoke.isPending}>
            {t("keyring.revoke")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { useBudgetActs } from "./quotas";

/** Its alerts and their webhook go with it, and no undo would bring those back: so it is asked. */
export function RemoveBudgetDialog({ project, name, onClose }: { project: string; name: string; onClose: () => void }) {
  const t = useT();
  const told = useErrorText();
  const { remove } = useBudgetActs(project);
  const sure = () =>
    remove.mutate(undefined, {
      onSuccess: () => {
        toast({ text: t("quotas.budgetGone", { name }) });
        onClose();
      },
    });
  return (
    <Dialog open onClose={onClose} title={t("quotas.takeAwayTitle")}>
      <div className="flex flex-col gap-4">
        <p>{t("quotas.takeAwayWhy", { name })}</p>
        {remove.error && (
          <p role="alert" className="text-bad">
            {told(remove.error)}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="danger" onClick={sure} busy={remove.isPending}>
            {t("quotas.takeAway")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

import { useT } from "@/i18n";
import { useCopy } from "@/parts/useCopy";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import type { Secret } from "./keys";

/** A secret, this one time: the server keeps a hash of it only. */
export function SecretDialog({ secret: { name, value }, onClose }: { secret: Secret; onClose: () => void }) {
  const t = useT();
  const [copied, copy] = useCopy();
  return (
    <Dialog open onClose={onClose} title={name} closable={false}>
      <div className="flex flex-col gap-4">
        <p>{t("keyring.once")}</p>
        <code className="rounded-sm border border-line bg-side p-2.5 text-sm break-all select-all">{value}</code>
        <div className="flex justify-end gap-2">
          <Button look="primary" onClick={() => copy(value)}>
            {copied ? t("common.copied") : t("common.copy")}
          </Button>
          <Button onClick={onClose}>{t("keyring.kept")}</Button>
        </div>
      </div>
    </Dialog>
  );
}

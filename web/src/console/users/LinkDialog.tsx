import { useT } from "@/i18n";
import { useCopy } from "@/parts/useCopy";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";

/** The link of an invitation, this one time: the server keeps a hash of its token only. */
export function LinkDialog({ email, link, onClose }: { email: string; link: string; onClose: () => void }) {
  const t = useT();
  const [copied, copy] = useCopy();
  return (
    <Dialog open onClose={onClose} title={t("users.linkTitle", { email })} closable={false}>
      <div className="flex flex-col gap-4">
        <p>{t("users.linkOnce", { email })}</p>
        <code className="rounded-sm border border-line bg-side p-2.5 text-sm break-all select-all">{link}</code>
        <div className="flex justify-end gap-2">
          <Button look="primary" onClick={() => copy(link)}>
            {copied ? t("common.copied") : t("common.copy")}
          </Button>
          <Button onClick={onClose}>{t("users.kept")}</Button>
        </div>
      </div>
    </Dialog>
  );
}

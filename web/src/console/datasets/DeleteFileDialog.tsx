import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { FormEnd } from "../users/FormEnd";
import { type StoredFile, useDeleteFile } from "./files";

/** A file's bytes go for good, so it asks. */
export function DeleteFileDialog({ file, onClose, onGone }: { file: StoredFile; onClose: () => void; onGone?: () => void }) {
  const t = useT();
  const remove = useDeleteFile();
  return (
    <Dialog open onClose={onClose} title={t("data.deleteTitle", { name: file.filename })}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          remove.mutate(file.id, {
            onSuccess: () => {
              toast({ text: t("data.deleted", { name: file.filename }) });
              onClose();
              onGone?.();
            },
          });
        }}
      >
        <p>{t("data.deleteWhy")}</p>
        <FormEnd does={t("data.delete")} error={remove.error} busy={remove.isPending} onClose={onClose} danger />
      </form>
    </Dialog>
  );
}

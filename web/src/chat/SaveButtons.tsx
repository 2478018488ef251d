import { useT } from "@/i18n";
import { Button } from "@/ui/Button";

/** The end of a form in a dialog: leave it as it was, or save. */
export function SaveButtons({ onCancel }: { onCancel: () => void }) {
  const t = useT();
  return (
    <div className="flex justify-end gap-2">
      <Button look="quiet" onClick={onCancel}>
        {t("common.cancel")}
      </Button>
      <Button look="primary" type="submit">
        {t("common.save")}
      </Button>
    </div>
  );
}

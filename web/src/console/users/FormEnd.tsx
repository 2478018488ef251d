import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { Button } from "@/ui/Button";

type FormEndProps = { does: string; error?: unknown; busy: boolean; onClose: () => void; danger?: boolean; disabled?: boolean };

/** How each question here ends: what the server refused, in its words; back; and the act itself. */
export function FormEnd({ does, error, busy, onClose, danger = false, disabled = false }: FormEndProps) {
  const t = useT();
  const told = useErrorText();
  return (
    <>
      {Boolean(error) && (
        <p role="alert" className="text-bad">
          {told(error)}
        </p>
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button type="submit" look={danger ? "danger" : "primary"} busy={busy} disabled={disabled}>
          {does}
        </Button>
      </div>
    </>
  );
}

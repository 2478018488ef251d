import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { TextArea } from "@/ui/TextArea";
import { Choice } from "../Choice";
import { STATES, useTriage, type WholeRow } from "./feedback";

/** How far one has come with it, and a note for the others. */
export function TriageForm({ row }: { row: WholeRow }) {
  const t = useT();
  const { mutate, isPending, error } = useTriage(row.id);
  const errorText = useErrorText();
  const [note, setNote] = useState(row.note);
  const save = (event: FormEvent) => {
    event.preventDefault();
    mutate({ note }, { onSuccess: () => toast({ text: t("inbox.noteSaved") }) });
  };
  return (
    <form onSubmit={save} aria-label={t("inbox.done")} className="flex max-w-read flex-col gap-4">
      <h2 className="font-semibold">{t("inbox.done")}</h2>
      <Choice label={t("inbox.state")} options={STATES.map((value) => ({ value, name: t(`inbox.state.${value}`) }))} value={row.state} onChange={(state) => mutate({ state })} />
      <TextArea label={t("inbox.note")} value={note} maxLength={10_000} onChange={(event) => setNote(event.target.value)} error={error ? errorText(error) : undefined} />
      <div className="flex items-center justify-between gap-4">
        <p className="text-quiet">{row.handled_by && t("inbox.handledBy", { name: row.handled_by_name ?? row.handled_by })}</p>
        <Button type="submit" look="primary" busy={isPending} disabled={note === row.note}>
          {t("inbox.saveNote")}
        </Button>
      </div>
    </form>
  );
}

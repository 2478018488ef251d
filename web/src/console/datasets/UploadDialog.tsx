import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { upload } from "@/api/upload";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Dialog } from "@/ui/Dialog";
import { SelectField } from "@/ui/Field";
import { useFormats } from "../formats";
import { FormEnd } from "../users/FormEnd";
import { PURPOSES, type StoredFile } from "./files";
import { usePurposeName, useSize } from "./words";

const DAYS = ["1", "7", "30"] as const;

type UploadDialogProps = { file: File; usual: string; onClose: () => void; onMade: (id: string) => void };

/** What a file is for, and its way to the server; a line that is wrong is told by its number. */
export function UploadDialog({ file, usual, onClose, onMade }: UploadDialogProps) {
  const t = useT();
  const size = useSize();
  const memory = useQueryClient();
  const purposeName = usePurposeName();
  const { percent } = useFormats();
  const [purpose, setPurpose] = useState<string>(usual || "fine-tune");
  const [days, setDays] = useState("");
  const [share, setShare] = useState<number | null>(null); // null: not on its way
  const [error, setError] = useState<unknown>(null);
  const leaving = useRef<AbortController>(undefined);
  useEffect(() => () => leaving.current?.abort(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const form = new FormData();
    form.append("purpose", purpose); // before the file: its lines are checked as they come
    if (days) {
      form.append("expires_after[anchor]", "created_at");
      form.append("expires_after[seconds]", String(Number(days) * 86_400));
    }
    form.append("file", file);
    leaving.current = new AbortController();
    const { signal } = leaving.current;
    setError(null);
    setShare(0);
    upload<StoredFile>("/v1/files", form, setShare, signal).then(
      (made) => {
        void memory.invalidateQueries({ queryKey: ["files", "list"] });
        toast({ text: t("data.uploaded", { name: made.filename }) });
        onMade(made.id);
      },
      (problem: unknown) => {
        if (signal.aborted) return;
        setShare(null);
        setError(problem);
      },
    );
  };
  return (
    <Dialog open onClose={onClose} title={t("data.uploadTitle")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="break-words">
          <span className="font-medium">{file.name}</span> <span className="text-quiet">{size(file.size)}</span>
        </p>
        <SelectField label={t("data.purpose")} hint={t("data.purposeHint")} value={purpose} onChange={(event) => setPurpose(event.target.value)}>
          {PURPOSES.map((value) => (
            <option key={value} value={value}>
              {purposeName(value)}
            </option>
          ))}
        </SelectField>
        <SelectField label={t("data.expires")} value={days} onChange={(event) => setDays(event.target.value)}>
          <option value="">{t("data.usual")}</option>
          {DAYS.map((value) => (
            <option key={value} value={value}>
              {t.count("data.days", Number(value))}
            </option>
          ))}
        </SelectField>
        {share !== null && (
          <div className="flex items-center gap-3">
            <progress aria-label={t("data.sending")} max={1} value={share} className="h-2 grow accent-accent" />
            <span className="tabular-nums">{share < 1 ? percent(share) : t("data.checking")}</span>
          </div>
        )}
        <FormEnd does={t("data.upload")} error={error} busy={share !== null} onClose={onClose} />
      </form>
    </Dialog>
  );
}

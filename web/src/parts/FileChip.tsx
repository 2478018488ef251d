import { FileText, Image, TriangleAlert, X } from "lucide-react";
import type { Attachment } from "@/chat/types";
import { useLanguage, useT } from "@/i18n";
import { cx } from "@/ui/classes";

type FileChipProps = { name: string; file: Attachment | null; error?: string | null; onRemove?: () => void };

/** A file, and how much of it the model is given: a person must know what the answer did not see. */
export function FileChip({ name, file, error = null, onRemove }: FileChipProps) {
  const t = useT();
  const language = useLanguage();
  const percent = file && new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(file.read);
  const told = error ?? (!file ? t("files.reading") : file.kind === "image" ? t("files.picture") : file.read < 1 ? t("files.readPart", { percent: percent ?? "" }) : t("files.readAll"));
  const Icon = error ? TriangleAlert : file?.kind === "image" ? Image : FileText;
  const warns = error !== null || (file !== null && file.notice !== null);
  return (
    <div className={cx("flex max-w-72 items-center gap-2 rounded-md border bg-page py-1.5 pr-1.5 pl-2.5", error ? "border-bad" : "border-line")} title={file?.notice ?? undefined}>
      <Icon aria-hidden className={cx("size-4 shrink-0", error ? "text-bad" : "text-quiet")} />
      <div className="min-w-0 grow pr-1">
        <div className="truncate text-sm">{name}</div>
        <div className={cx("text-xs", error ? "text-bad" : warns ? "text-warn" : "text-quiet")} role={error ? "alert" : undefined}>
          {told}
          {file?.pages ? ` · ${t.count("files.pages", file.pages)}` : ""}
        </div>
      </div>
      {onRemove && (
        <button type="button" aria-label={t("files.remove", { name })} className="flex size-6 shrink-0 items-center justify-center rounded-sm text-quiet hover:bg-hover hover:text-ink coarse:size-11" onClick={onRemove}>
          <X aria-hidden className="size-4" />
        </button>
      )}
    </div>
  );
}

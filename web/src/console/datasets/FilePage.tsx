import { ArrowLeft, Download } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { Facts } from "../Facts";
import { useFormats } from "../formats";
import { DeleteFileDialog } from "./DeleteFileDialog";
import { contentPath, type StoredFile, useFile } from "./files";
import { RowsView } from "./RowsView";
import { RunBatchDialog } from "./RunBatchDialog";
import { TuneDialog } from "./TuneDialog";
import { usePurposeName, useSize } from "./words";

/** One file: what is known of it, its first rows, and what can be made of it. */
export function FilePage({ id }: { id: string }) {
  const { data, error, refetch } = useFile(id);
  if (data) return <Shown file={data} />;
  return <ConsoleFrame title={id}>{error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64" />}</ConsoleFrame>;
}

function Shown({ file }: { file: StoredFile }) {
  const t = useT();
  const { moment } = useFormats();
  const size = useSize();
  const purposeName = usePurposeName();
  const [, go] = useLocation();
  const [doing, setDoing] = useState<"" | "tune" | "batch" | "delete">("");
  const close = () => setDoing("");
  return (
    <ConsoleFrame
      title={file.filename}
      actions={
        <>
          {file.purpose === "fine-tune" && (
            <Button look="primary" onClick={() => setDoing("tune")}>
              {t("data.tune")}
            </Button>
          )}
          {file.purpose === "batch" && (
            <Button look="primary" onClick={() => setDoing("batch")}>
              {t("data.run")}
            </Button>
          )}
          <a href={contentPath(file.id)} download className="inline-flex h-9 items-center gap-2 rounded-sm border border-line-strong bg-page px-3 font-medium hover:bg-hover coarse:h-11">
            <Download aria-hidden className="size-4" />
            {t("data.download")}
          </a>
          <Button look="danger" onClick={() => setDoing("delete")}>
            {t("data.delete")}
          </Button>
        </>
      }
    >
      <Link href="/console/datasets" className="-mt-3 inline-flex w-fit items-center gap-1 text-quiet underline-offset-4 hover:text-ink hover:underline">
        <ArrowLeft aria-hidden className="size-4" />
        {t("console.datasets")}
      </Link>
      <div className="grid min-w-0 gap-6 lg:grid-cols-[20rem_minmax(0,1fr)]">
        <Facts
          facts={[
            [t("data.purpose"), purposeName(file.purpose)],
            [t("data.size"), size(file.bytes)],
            [t("data.brought"), moment(file.created_at)],
            [t("data.expires"), file.expires_at ? moment(file.expires_at) : t("data.never")],
            [t("data.id"), <code key="id" className="font-mono text-xs">{file.id}</code>],
            [t("data.checksum"), <code key="sum" className="font-mono text-xs break-all">{file.sha256}</code>],
          ]}
        />
        <RowsView file={file} />
      </div>
      {doing === "tune" && <TuneDialog file={file} onClose={close} />}
      {doing === "batch" && <RunBatchDialog file={file} onClose={close} />}
      {doing === "delete" && <DeleteFileDialog file={file} onClose={close} onGone={() => go("/console/datasets")} />}
    </ConsoleFrame>
  );
}

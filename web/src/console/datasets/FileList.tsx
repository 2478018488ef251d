import { Database, Upload } from "lucide-react";
import { type ChangeEvent, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { FileDrop } from "@/parts/FileDrop";
import { Button } from "@/ui/Button";
import { MenuItem } from "@/ui/Menu";
import { RowMenu } from "@/ui/RowMenu";
import { type Column, Table } from "@/ui/Table";
import { useAddress } from "../address";
import { Choice } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { mayHave } from "../pages";
import { DeleteFileDialog } from "./DeleteFileDialog";
import { contentPath, PURPOSES, type StoredFile, useFiles } from "./files";
import { UploadDialog } from "./UploadDialog";
import { usePurposeName, useSize } from "./words";

/** The files of the project: brought by a drop, looked at, trained on, run, deleted. */
export function FileList() {
  const t = useT();
  const { role } = useSession();
  const purposeName = usePurposeName();
  const [{ purpose }, change] = useAddress(["purpose"]);
  const [brought, setBrought] = useState<File | null>(null);
  const [deleting, setDeleting] = useState<StoredFile | null>(null);
  const [, go] = useLocation();
  const chooser = useRef<HTMLInputElement>(null);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useFiles(purpose);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useColumns(setDeleting);
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    setBrought(event.target.files?.[0] ?? null);
    event.target.value = ""; // the same file may be chosen again
  };
  const add = (
    <Button look="primary" onClick={() => chooser.current?.click()}>
      <Upload aria-hidden className="size-4" />
      {t("data.upload")}
    </Button>
  );
  return (
    <FileDrop told={t("data.drop")} onFiles={(files) => setBrought(files[0] ?? null)}>
      <ConsoleFrame title={t("console.datasets")} actions={add}>
        <input ref={chooser} type="file" aria-label={t("data.upload")} className="hidden" onChange={choose} />
        <Choice label={t("data.purpose")} value={purpose} onChange={(purpose) => change({ purpose })} options={[{ value: "", name: t("console.any") }, ...PURPOSES.map((value) => ({ value: value as string, name: purposeName(value) }))]} />
        <Table
          label={t("console.datasets")}
          columns={columns}
          rows={rows}
          rowKey={(row) => row.id}
          error={error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : undefined}
          onEnd={hasNextPage && !isFetching ? () => void fetchNextPage() : undefined}
          empty={
            <EmptyState title={t("data.none")} icon={<Database aria-hidden />} actions={<Button onClick={() => chooser.current?.click()}>{t("data.upload")}</Button>}>
              {t("data.noneWhy")}
            </EmptyState>
          }
        />
        {mayHave(role, "developer") && (
          <p className="max-w-read text-quiet">
            {t("data.feedbackWhy")}{" "}
            <Link href="/console/feedback" className="underline underline-offset-4 hover:text-ink">
              {t("data.feedback")}
            </Link>
          </p>
        )}
        {brought && <UploadDialog file={brought} usual={purpose} onClose={() => setBrought(null)} onMade={(id) => go(`/console/datasets/${id}`)} />}
        {deleting && <DeleteFileDialog file={deleting} onClose={() => setDeleting(null)} />}
      </ConsoleFrame>
    </FileDrop>
  );
}

function useColumns(onDelete: (file: StoredFile) => void): Column<StoredFile>[] {
  const t = useT();
  const { moment } = useFormats();
  const size = useSize();
  const purposeName = usePurposeName();
  return useMemo<Column<StoredFile>[]>(
    () => [
      {
        id: "name",
        name: t("data.name"),
        cell: (row) => (
          <Link href={`/console/datasets/${row.id}`} className="underline-offset-4 hover:underline">
            {row.filename}
          </Link>
        ),
      },
      { id: "purpose", name: t("data.purpose"), width: 10, cell: (row) => purposeName(row.purpose) },
      { id: "size", name: t("data.size"), width: 6.5, number: true, cell: (row) => size(row.bytes) },
      { id: "created", name: t("data.brought"), width: 13, wideOnly: true, cell: (row) => moment(row.created_at) },
      { id: "expires", name: t("data.expires"), width: 13, wideOnly: true, cell: (row) => (row.expires_at ? moment(row.expires_at) : t("data.never")) },
      {
        id: "acts",
        name: "",
        width: 4,
        cell: (row) => (
          <RowMenu name={row.filename}>
            <MenuItem onClick={() => location.assign(contentPath(row.id))}>{t("data.download")}</MenuItem>
            <MenuItem danger onClick={() => onDelete(row)}>
              {t("data.delete")}
            </MenuItem>
          </RowMenu>
        ),
      },
    ],
    [t, moment, size, purposeName, onDelete],
  );
}

import { useMemo } from "react";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError } from "../ConsolePage";
import { useFirstLines } from "../datasets/rows";

const MOST = 200;
type Failed = { id: string; status: string; message: string };

/** The lines of a batch that failed, each with its error. */
export function FailedLines({ file }: { file: string }) {
  const t = useT();
  const { data, error, refetch } = useFirstLines(file, MOST);
  const rows = useMemo(() => data?.lines.map(failedIn), [data]);
  const columns = useMemo<Column<Failed>[]>(
    () => [
      { id: "id", name: t("jobs.customId"), width: 10, cell: (row) => row.id },
      { id: "status", name: t("jobs.code"), width: 8, cell: (row) => row.status },
      { id: "message", name: t("console.error"), cell: (row) => <span title={row.message}>{row.message}</span> },
    ],
    [t],
  );
  return (
    <section className="flex min-w-0 flex-col gap-2">
      <h2 className="font-semibold">{t("jobs.failedLines")}</h2>
      <Table label={t("jobs.failedLines")} columns={columns} rows={rows} rowKey={(row) => row.id} error={error && <ConsoleError error={error} onRetry={() => void refetch()} />} empty={<EmptyState title={t("jobs.noFailures")} />} />
      {data?.more && <p className="text-quiet">{t("jobs.moreFailed", { count: MOST })}</p>}
    </section>
  );
}

/** A line of an error file: what it answered, or why there is no answer. */
function failedIn(line: string, place: number): Failed {
  type Problem = { code?: string | null; message?: string } | null;
  try {
    const row = JSON.parse(line) as { custom_id?: string; error?: Problem; response?: { status_code?: number; body?: { error?: Problem } } | null };
    const problem = row.error ?? row.response?.body?.error;
    return { id: row.custom_id ?? String(place + 1), status: String(row.error?.code ?? row.response?.status_code ?? ""), message: problem?.message ?? line };
  } catch {
    return { id: String(place + 1), status: "", message: line };
  }
}

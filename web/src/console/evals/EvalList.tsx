import { FlaskConical } from "lucide-react";
import { useMemo } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { type Eval, useEvals } from "./evals";

/** Every eval of the project: what it is called, and by what it grades. */
export function EvalList() {
  const t = useT();
  const { moment } = useFormats();
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useEvals();
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useMemo<Column<Eval>[]>(
    () => [
      {
        id: "name",
        name: t("evals.name"),
        cell: (row) => (
          <Link href={`/console/evals/${row.id}`} className="underline-offset-4 hover:underline">
            {row.name || row.id}
          </Link>
        ),
      },
      { id: "criteria", name: t("evals.criteria"), cell: (row) => row.testing_criteria.map((criterion) => criterion.name).join(", ") },
      { id: "created", name: t("evals.created"), width: 13, wideOnly: true, cell: (row) => moment(row.created_at) },
    ],
    [t, moment],
  );
  return (
    <ConsoleFrame title={t("evals.title")}>
      <Table
        label={t("evals.title")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onEnd={hasNextPage && !isFetching ? () => void fetchNextPage() : undefined}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("evals.none")} icon={<FlaskConical aria-hidden />}>
            {t("evals.noneWhy")} <code className="text-xs">POST /v1/evals</code>
          </EmptyState>
        }
      />
    </ConsoleFrame>
  );
}

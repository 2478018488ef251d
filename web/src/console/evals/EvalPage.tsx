import { FlaskConical } from "lucide-react";
import { useMemo } from "react";
import { Link } from "wouter";
import { api } from "@/api/client";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/classes";
import { type Column, Table } from "@/ui/Table";
import { useAddress } from "../address";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { type EvalRun, RUNNING, useEval, useEvalRuns } from "./evals";
import { PassBar } from "./PassBar";
import { RunItems } from "./RunItems";

/** One eval: its runs beside each other, and the rows of the one that is chosen (in the address: `run`). */
export function EvalPage({ id }: { id: string }) {
  const t = useT();
  const errorText = useErrorText();
  const [{ run: chosen }, change] = useAddress(["run", "rows"]);
  const found = useEval(id);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useEvalRuns(id);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useColumns(chosen, (run) => change({ run, rows: "" }));
  const run = rows?.find((one) => one.id === chosen);
  const cancel = (run: EvalRun) =>
    void api.post(`/v1/evals/${id}/runs/${run.id}`).then(
      () => refetch(),
      (problem: unknown) => toast({ text: errorText(problem), bad: true }),
    );
  if (found.error) return <ConsoleError error={found.error} onRetry={() => void found.refetch()} />;
  return (
    <ConsoleFrame
      title={found.data?.name || id}
      actions={
        <>
          {run && RUNNING.includes(run.status) && <Button onClick={() => cancel(run)}>{t("evals.cancel")}</Button>}
          <Link href="/console/evals" className="text-quiet underline-offset-4 hover:underline">
            {t("evals.all")}
          </Link>
        </>
      }
    >
      <Table
        label={t("evals.runs")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onEnd={hasNextPage && !isFetching ? () => void fetchNextPage() : undefined}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("evals.noRuns")} icon={<FlaskConical aria-hidden />}>
            <code className="text-xs">POST /v1/evals/{id}/runs</code>
          </EmptyState>
        }
      />
      {run?.error && (
        <p role="alert" className="rounded-sm bg-bad-wash px-3 py-2 text-bad">
          {run.error.message}
        </p>
      )}
      {run && <RunItems id={id} run={run} />}
    </ConsoleFrame>
  );
}

function useColumns(chosen: string, choose: (run: string) => void): Column<EvalRun>[] {
  const t = useT();
  const { moment, number } = useFormats();
  return useMemo<Column<EvalRun>[]>(
    () => [
      {
        id: "name",
        name: t("evals.run"),
        cell: (run) => (
          <button type="button" aria-pressed={run.id === chosen} onClick={() => choose(run.id)} className={cx("max-w-full truncate underline-offset-4 hover:underline", run.id === chosen && "font-semibold")}>
            {run.name || run.id}
          </button>
        ),
      },
      { id: "model", name: t("evals.model"), wideOnly: true, cell: (run) => run.model || t("evals.asStored") },
      { id: "status", name: t("evals.state"), width: 8, cell: (run) => t(`evals.state.${run.status}`) },
      { id: "passed", name: t("evals.passed"), width: 12, cell: (run) => <PassBar counts={run.result_counts} /> },
      { id: "rows", name: t("evals.rows"), width: 5, number: true, cell: (run) => number(run.result_counts.total) },
      {
        id: "criteria",
        name: t("evals.criteria"),
        wideOnly: true,
        cell: (run) => run.per_testing_criteria_results.map((one) => `${one.testing_criteria} ${number(one.passed)}/${number(one.passed + one.failed)}`).join(" · "),
      },
      { id: "created", name: t("evals.created"), width: 13, wideOnly: true, cell: (run) => moment(run.created_at) },
    ],
    [t, moment, number, chosen, choose],
  );
}

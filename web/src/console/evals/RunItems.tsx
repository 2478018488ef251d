import { CircleAlert, CircleCheck, CircleX } from "lucide-react";
import { useMemo } from "react";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { cx } from "@/ui/classes";
import { type Column, Table } from "@/ui/Table";
import { useAddress } from "../address";
import { Pick } from "../Choice";
import { ConsoleError } from "../ConsolePage";
import { useFormats } from "../formats";
import { type EvalItem, type EvalRun, type ItemStatus, useEvalItems } from "./evals";

const MARKS = { pass: [CircleCheck, "text-good"], fail: [CircleX, "text-bad"], error: [CircleAlert, "text-warn"] } as const;
const STATUSES: readonly ItemStatus[] = ["pass", "fail", "error"];

/** A run's rows: what was asked and answered, and what each criterion says of it. */
export function RunItems({ id, run }: { id: string; run: EvalRun }) {
  const t = useT();
  const [{ rows: status }, change] = useAddress(["rows"]);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useEvalItems(id, run, status);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useColumns();
  return (
    <section className="flex flex-col gap-3" aria-label={t("evals.rowsOf", { run: run.name || run.id })}>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 className="font-semibold">{t("evals.rowsOf", { run: run.name || run.id })}</h2>
        <Pick
          label={t("evals.outcome")}
          value={status}
          onChange={(rows) => change({ rows })}
          options={[{ value: "", name: t("evals.every") }, ...STATUSES.map((value) => ({ value, name: t(`evals.item.${value}`) }))]}
        />
      </div>
      <Table
        key={run.id + status}
        label={t("evals.rowsOf", { run: run.name || run.id })}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onEnd={hasNextPage && !isFetching ? () => void fetchNextPage() : undefined}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={<EmptyState title={t("evals.noRows")} />}
      />
    </section>
  );
}

function useColumns(): Column<EvalItem>[] {
  const t = useT();
  const { number } = useFormats();
  return useMemo<Column<EvalItem>[]>(
    () => [
      { id: "number", name: t("evals.row"), width: 4, number: true, cell: (item) => number(item.datasource_item_id + 1) },
      { id: "status", name: t("evals.outcome"), width: 8, cell: (item) => <Mark status={item.status} /> },
      { id: "asked", name: t("evals.asked"), cell: (item) => <Text text={item.sample.input.at(-1)?.content ?? JSON.stringify(item.datasource_item)} /> },
      { id: "answered", name: t("evals.answered"), cell: (item) => <Text text={item.sample.error?.message ?? item.sample.output[0]?.content ?? ""} /> },
      {
        id: "grades",
        name: t("evals.grades"),
        wideOnly: true,
        cell: (item) => <Text text={item.results.map((one) => `${one.name}: ${one.sample?.error ?? number(one.score)}`).join(" · ")} />,
      },
    ],
    [t, number],
  );
}

/** One line of it; the whole where the pointer rests. */
function Text({ text }: { text: string }) {
  return <span title={text}>{text.replaceAll("\n", " ")}</span>;
}

function Mark({ status }: { status: ItemStatus }) {
  const t = useT();
  const [Sign, tone] = MARKS[status];
  return (
    <span className="inline-flex items-center gap-1.5">
      <Sign aria-hidden className={cx("size-4 shrink-0", tone)} />
      {t(`evals.item.${status}`)}
    </span>
  );
}

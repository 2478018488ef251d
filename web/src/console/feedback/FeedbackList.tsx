import { Download, Inbox } from "lucide-react";
import { useMemo } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Button } from "@/ui/Button";
import { type Column, Table } from "@/ui/Table";
import { useAddress } from "../address";
import { Choice } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { FeedbackFilters } from "./FeedbackFilters";
import { exportPath, FILTERS, type Filters, type Row, STATES, useFeedback } from "./feedback";
import { VerdictMark } from "./VerdictMark";
import { useReason } from "./words";

const NONE = Object.fromEntries(FILTERS.map((name) => [name, ""])) as Filters;

/** The inbox: what people thought of answers, what changed last first, by what one looks for. */
export function FeedbackList() {
  const t = useT();
  const { number } = useFormats();
  const [filters, change] = useAddress(FILTERS);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useFeedback(filters);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useColumns();
  const counts = data?.pages[0]?.counts;
  const filtered = Object.values(filters).some(Boolean);
  const states = STATES.map((state) => ({ value: state as string, name: counts ? `${t(`inbox.state.${state}`)} · ${number(counts[state])}` : t(`inbox.state.${state}`) }));
  return (
    <ConsoleFrame
      title={t("console.feedback")}
      actions={
        <a href={exportPath(filters)} download className="inline-flex h-9 items-center gap-2 rounded-sm border border-line-strong bg-page px-3 font-medium hover:bg-hover coarse:h-11">
          <Download aria-hidden className="size-4" />
          {t("inbox.export")}
        </a>
      }
    >
      <div className="flex min-w-0 flex-wrap items-center gap-x-4 gap-y-3">
        <Choice label={t("inbox.state")} options={[{ value: "", name: t("console.any") }, ...states]} value={filters.state} onChange={(state) => change({ state })} />
        <FeedbackFilters filters={filters} seen={rows ?? []} onChange={change} />
      </div>
      <Table
        label={t("console.feedback")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        error={error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : undefined}
        onEnd={hasNextPage && !isFetching ? () => void fetchNextPage() : undefined}
        empty={
          <EmptyState
            title={t(filtered ? "inbox.noneFits" : "inbox.none")}
            icon={<Inbox aria-hidden />}
            actions={filtered && <Button onClick={() => change(NONE)}>{t("inbox.all")}</Button>}
          >
            {!filtered && t("inbox.noneWhy")}
          </EmptyState>
        }
      />
      <p className="max-w-read text-quiet">{t("inbox.exportWhy")}</p>
    </ConsoleFrame>
  );
}

function useColumns(): Column<Row>[] {
  const t = useT();
  const { moment } = useFormats();
  const reason = useReason();
  return useMemo<Column<Row>[]>(
    () => [
      {
        id: "time",
        name: t("chart.time"),
        width: 12.5,
        cell: (row) => (
          <Link href={`/console/feedback/${row.id}`} className="underline-offset-4 hover:underline">
            {moment(row.updated_at)}
          </Link>
        ),
      },
      { id: "verdict", name: t("inbox.verdict"), width: 9.5, cell: (row) => <VerdictMark verdict={row.verdict} /> },
      { id: "reasons", name: t("inbox.reasons"), cell: (row) => row.reasons.map(reason).join(", ") || "–" },
      { id: "correction", name: t("inbox.correction"), wideOnly: true, cell: (row) => row.correction ?? "–" },
      { id: "deployment", name: t("console.deployment"), wideOnly: true, cell: (row) => row.deployment ?? "–" },
      { id: "product", name: t("inbox.product"), width: 7, cell: (row) => row.product },
      { id: "state", name: t("inbox.state"), width: 6.5, cell: (row) => t(`inbox.state.${row.state}`) },
    ],
    [t, moment, reason],
  );
}

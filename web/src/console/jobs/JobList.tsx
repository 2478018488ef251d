import { ListChecks } from "lucide-react";
import { useMemo } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { useAddress } from "../address";
import { Choice } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { type Batch, isOver, type State, type Tune, useBatches, useTunes } from "./jobs";
import { useMaker } from "./maker";
import { paceOf } from "./pace";
import { Progress } from "./Progress";
import { StateMark } from "./StateMark";

type Job = { id: string; created: number; state: State; about: string; who: string | null; batch: Batch | null; tune: Tune | null };
type Listed = { data: { pages: { data: { created_at: number }[] }[] } | undefined; hasNextPage: boolean };

const KINDS = ["", "batch", "tune"] as const;

/** Batches and fine-tuning jobs of the project in one list, the newest first. */
export function JobList() {
  const t = useT();
  const [{ kind }, change] = useAddress(["kind"]);
  const batches = useBatches();
  const tunes = useTunes();
  const rows = useMemo(() => {
    if (!batches.data || !tunes.data) return undefined;
    // Below the end of a list that goes on, the other one's rows would stand with gaps between them.
    const from = Math.max(...[batches, tunes].map((list) => endOf(list)));
    const all = [...batches.data.pages.flatMap((page) => page.data.map(ofBatch)), ...tunes.data.pages.flatMap((page) => page.data.map(ofTune))];
    return all.filter((job) => job.created >= from && (kind === "" || (kind === "batch") === (job.batch !== null))).sort((one, other) => other.created - one.created);
  }, [batches, tunes, kind]);
  const columns = useColumns();
  const error = batches.error ?? tunes.error;
  const more = () => {
    for (const list of [batches, tunes]) if (list.hasNextPage && !list.isFetching) void list.fetchNextPage();
  };
  return (
    <ConsoleFrame title={t("console.jobs")}>
      <Choice label={t("jobs.kind")} value={kind} onChange={(kind) => change({ kind })} options={KINDS.map((value) => ({ value: value as string, name: value ? t(`jobs.kind.${value}`) : t("console.any") }))} />
      <Table
        label={t("console.jobs")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onEnd={batches.hasNextPage || tunes.hasNextPage ? more : undefined}
        error={error ? <ConsoleError error={error} onRetry={() => void Promise.all([batches.refetch(), tunes.refetch()])} /> : undefined}
        empty={
          <EmptyState
            title={t("jobs.none")}
            icon={<ListChecks aria-hidden />}
            actions={
              <Link href="/console/datasets" className="underline underline-offset-4">
                {t("jobs.toDatasets")}
              </Link>
            }
          >
            {t("jobs.noneWhy")}
          </EmptyState>
        }
      />
      <p className="text-quiet">
        {t("jobs.evalsWhy")}{" "}
        <Link href="/console/evals" className="underline underline-offset-4 hover:text-ink">
          {t("console.evals")}
        </Link>
      </p>
    </ConsoleFrame>
  );
}

function endOf({ data, hasNextPage }: Listed): number {
  return hasNextPage ? (data?.pages.at(-1)?.data.at(-1)?.created_at ?? 0) : 0;
}

function ofBatch(batch: Batch): Job {
  return { id: batch.id, created: batch.created_at, state: batch.status, about: [batch.endpoint, batch.model].filter(Boolean).join(" · "), who: batch.created_by, batch, tune: null };
}

function ofTune(tune: Tune): Job {
  return { id: tune.id, created: tune.created_at, state: tune.status, about: tune.fine_tuned_model ?? tune.model, who: tune.created_by ?? null, batch: null, tune };
}

function useColumns(): Column<Job>[] {
  const t = useT();
  const who = useMaker();
  const { moment, number } = useFormats();
  return useMemo<Column<Job>[]>(
    () => [
      {
        id: "created",
        name: t("jobs.created"),
        width: 12.5,
        cell: (job) => (
          <Link href={`/console/jobs/${job.id}`} className="underline-offset-4 hover:underline">
            {moment(job.created)}
          </Link>
        ),
      },
      { id: "state", name: t("jobs.state"), width: 9.5, cell: (job) => <StateMark state={job.state} /> },
      { id: "kind", name: t("jobs.kind"), width: 9, cell: (job) => t(job.batch ? "jobs.kind.batch" : "jobs.kind.tune") },
      { id: "about", name: t("jobs.about"), cell: (job) => job.about },
      {
        id: "progress",
        name: t("jobs.progress"),
        width: 13,
        cell: ({ batch, tune }) => {
          if (batch) return <Progress done={batch.request_counts.completed + batch.request_counts.failed} bad={batch.request_counts.failed} total={batch.request_counts.total} />;
          return tune?.status === "running" && tune.estimated_finish ? t("jobs.until", { moment: moment(tune.estimated_finish) }) : "–";
        },
      },
      {
        id: "pace",
        name: t("jobs.pace"),
        width: 8,
        wideOnly: true,
        cell: ({ batch }) => {
          const pace = batch && paceOf(batch, Date.now() / 1000);
          return pace ? t("jobs.perMinute", { count: number(Math.round(pace.perMinute)) }) : "–";
        },
      },
      { id: "tokens", name: t("jobs.tokens"), width: 7, number: true, wideOnly: true, cell: ({ batch, tune, state }) => tokensOf(batch, tune, isOver(state), number) },
      { id: "who", name: t("jobs.who"), width: 9, wideOnly: true, cell: (job) => who(job.who) },
    ],
    [t, who, moment, number],
  );
}

function tokensOf(batch: Batch | null, tune: Tune | null, over: boolean, number: (value: number) => string): string {
  const tokens = batch ? batch.usage && batch.usage.input_tokens + batch.usage.output_tokens : tune?.trained_tokens;
  return over && tokens ? number(tokens) : "–";
}

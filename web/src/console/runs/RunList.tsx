import { ListTree, RefreshCw } from "lucide-react";
import { useMemo } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { useModels } from "@/parts/models";
import { EmptyState } from "@/parts/EmptyState";
import { Button, IconButton } from "@/ui/Button";
import { DensitySwitch } from "@/ui/DensitySwitch";
import { Hint } from "@/ui/Hint";
import { type Column, Table } from "@/ui/Table";
import { useAddress } from "../address";
import { Pick } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { ProjectPick } from "../ProjectPick";
import { KeptNote } from "./KeptNote";
import { OutcomeMark } from "./OutcomeMark";
import { OUTCOMES, type Run, SINCE, useRuns } from "./runs";
import { SearchField } from "./SearchField";

const NONE = { q: "", status: "", deployment: "", project: "", since: "" };

/** Every call of a model, newest first, by what one looks for. */
export function RunList() {
  const t = useT();
  const [filters, change] = useAddress(["q", "status", "deployment", "project", "since"]);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useRuns(filters);
  const models = useModels().data?.data ?? [];
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useColumns();
  const kept = data?.pages[0]?.kept;
  const filtered = Object.values(filters).some(Boolean);
  const names = [...new Set([...models.map((model) => model.id), ...(filters.deployment ? [filters.deployment] : [])])].sort();
  const any = { value: "", name: t("console.any") };
  return (
    <ConsoleFrame
      title={t("console.runs")}
      actions={
        <>
          <SearchField label={t("console.runSearch")} value={filters.q} onChange={(q) => change({ q })} />
          <Pick
            label={t("console.runEnd")}
            value={filters.status}
            onChange={(status) => change({ status })}
            options={[any, ...OUTCOMES.map((value) => ({ value, name: t(`console.runEnd.${value}`) }))]}
          />
          <Pick label={t("console.deployment")} value={filters.deployment} onChange={(deployment) => change({ deployment })} options={[any, ...names.map((name) => ({ value: name, name }))]} />
          <ProjectPick value={filters.project} onChange={(project) => change({ project })} />
          <Pick
            label={t("console.range")}
            value={filters.since}
            onChange={(since) => change({ since })}
            options={[any, ...Object.keys(SINCE).map((value) => ({ value, name: t(`console.range.${value as "1h" | "24h" | "7d" | "30d"}`) }))]}
          />
          <Hint text={t("console.refresh")}>
            <IconButton label={t("console.refresh")} aria-busy={isFetching} onClick={() => void refetch()}>
              <RefreshCw aria-hidden />
            </IconButton>
          </Hint>
          <DensitySwitch />
        </>
      }
    >
      <Table
        label={t("console.runs")}
        columns={columns}
        rows={rows}
        rowKey={(run) => run.id}
        error={error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : undefined}
        onEnd={hasNextPage && !isFetching ? () => void fetchNextPage() : undefined}
        empty={
          <EmptyState
            title={t(filtered ? "console.noRunsFit" : "console.noRuns")}
            icon={<ListTree aria-hidden />}
            actions={filtered && <Button onClick={() => change(NONE)}>{t("console.allRuns")}</Button>}
          >
            {!filtered && t(kept?.recording === "off" ? "console.runsOff" : "console.noCallsWhy")}
          </EmptyState>
        }
      />
      {rows && rows.length > 0 && (
        <p className="text-quiet" role="status">
          {t.count(hasNextPage ? "console.runsSoFar" : "console.runsInAll", rows.length)}
        </p>
      )}
      {kept && <KeptNote kept={kept} />}
    </ConsoleFrame>
  );
}

function useColumns(): Column<Run>[] {
  const t = useT();
  const { moment, number, time, money } = useFormats();
  return useMemo<Column<Run>[]>(
    () => [
      {
        id: "time",
        name: t("chart.time"),
        width: 12.5,
        cell: (run) => (
          <Link href={`/console/runs/${run.id}`} className="underline-offset-4 hover:underline">
            {moment(run.created)}
          </Link>
        ),
      },
      { id: "outcome", name: t("console.runEnd"), width: 9.5, cell: (run) => <OutcomeMark outcome={run.outcome} status={run.status} /> },
      { id: "deployment", name: t("console.deployment"), cell: (run) => run.deployment ?? "–" },
      { id: "who", name: t("console.who"), wideOnly: true, cell: (run) => run.api_key_name ?? run.user_name ?? run.api_key_id ?? run.user_id ?? "–" },
      { id: "route", name: t("console.route"), width: 12.5, wideOnly: true, cell: (run) => <code className="font-mono text-xs">{run.route}</code> },
      { id: "in", name: t("console.tokensIn"), width: 5.5, number: true, cell: (run) => number(run.input_tokens) },
      { id: "out", name: t("console.tokensOut"), width: 5.5, number: true, cell: (run) => (run.images ? t.count("console.pictures", run.images) : number(run.output_tokens)) },
      { id: "first", name: t("console.firstTokenShort"), width: 7, number: true, wideOnly: true, cell: (run) => (run.first_token_ms === null ? "–" : time(run.first_token_ms)) },
      { id: "total", name: t("console.totalShort"), width: 6, number: true, cell: (run) => time(run.total_ms) },
      { id: "cost", name: t("console.cost"), width: 7, number: true, wideOnly: true, cell: (run) => (run.cost ? money(run.cost) : "–") },
      { id: "error", name: t("console.error"), wideOnly: true, cell: (run) => run.error ?? "" },
    ],
    [t, moment, number, time, money],
  );
}

import { Boxes } from "lucide-react";
import { useMemo } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { useFormats } from "../formats";
import type { DeploymentTally, Overview } from "./overview";

/** How each deployment fares; its name leads to its calls. */
export function Deployments({ overview }: { overview: Overview | undefined }) {
  const t = useT();
  const { number, short, time } = useFormats();
  const columns = useMemo<Column<DeploymentTally>[]>(() => {
    const ms = (value: number | null) => (value === null ? "–" : time(value));
    return [
      {
        id: "deployment",
        name: t("console.deployment"),
        value: (row) => row.deployment,
        cell: (row) => (
          <Link href={`/console/runs?deployment=${encodeURIComponent(row.deployment)}`} className="font-medium underline-offset-4 hover:underline">
            {row.deployment}
          </Link>
        ),
      },
      { id: "state", name: t("console.state"), width: 8, value: (row) => row.state, cell: (row) => <State state={row.state} /> },
      { id: "waiting", name: t("console.waiting"), width: 6.5, number: true, value: (row) => row.waiting, cell: (row) => number(row.waiting) },
      { id: "running", name: t("console.running"), width: 6.5, number: true, value: (row) => row.running, cell: (row) => number(row.running) },
      { id: "requests", name: t("console.requests"), width: 7.5, number: true, value: (row) => row.num_model_requests, cell: (row) => number(row.num_model_requests) },
      { id: "failed", name: t("console.failed"), width: 6.5, number: true, wideOnly: true, value: (row) => row.num_failed, cell: (row) => number(row.num_failed) },
      { id: "refused", name: t("console.refused"), width: 7, number: true, wideOnly: true, value: (row) => row.num_refused, cell: (row) => number(row.num_refused) },
      {
        id: "tokens",
        name: t("console.tokens"),
        width: 7,
        number: true,
        wideOnly: true,
        value: (row) => row.input_tokens + row.output_tokens,
        cell: (row) => short(row.input_tokens + row.output_tokens),
      },
      { id: "first", name: t("console.firstTokenMost"), width: 9, number: true, wideOnly: true, value: (row) => row.first_token_p95_ms, cell: (row) => ms(row.first_token_p95_ms) },
      { id: "total", name: t("console.totalMost"), width: 8, number: true, wideOnly: true, value: (row) => row.total_p95_ms, cell: (row) => ms(row.total_p95_ms) },
    ];
  }, [t, number, short, time]);
  return (
    <Table
      label={t("console.byDeployment")}
      columns={columns}
      rows={overview?.deployments}
      rowKey={(row) => row.deployment}
      sort={{ column: "requests", descending: true }}
      empty={
        <EmptyState title={t("console.noDeployments")} icon={<Boxes aria-hidden />}>
          {t("console.noDeploymentsWhy")}
        </EmptyState>
      }
    />
  );
}

const TONES: Record<string, string> = { ready: "bg-good", starting: "bg-warn", draining: "bg-warn", failed: "bg-bad" };

function State({ state }: { state: string }) {
  const t = useT();
  const known = state === "ready" || state === "starting" || state === "draining" || state === "failed" || state === "gone" ? state : "gone";
  return (
    <span className="inline-flex items-center gap-2">
      <span aria-hidden className={`size-2 rounded-full ${TONES[known] ?? "bg-control"}`} />
      {t(`console.state.${known}`)}
    </span>
  );
}

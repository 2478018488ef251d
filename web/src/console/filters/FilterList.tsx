import { ShieldCheck } from "lucide-react";
import { useMemo } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { type Deployment, useDeployments } from "../deployments/deployments";
import { usePresetName } from "./words";

const FILTERED: readonly Deployment["kind"][] = ["text", "image"]; // what answers people

/** Every deployment that answers people, and what it filters. */
export function FilterList() {
  const t = useT();
  const named = usePresetName();
  const { data, error, refetch } = useDeployments();
  const rows = useMemo(() => data?.data.filter(({ kind }) => FILTERED.includes(kind)), [data]);
  const columns = useMemo<Column<Deployment>[]>(
    () => [
      {
        id: "name",
        name: t("console.deployment"),
        value: (row) => row.name,
        cell: (row) => (
          <Link href={`/console/filters/${encodeURIComponent(row.name)}`} className="font-medium underline-offset-4 hover:underline">
            {row.name}
          </Link>
        ),
      },
      { id: "filter", name: t("filters.filter"), value: (row) => row.filter, cell: (row) => <span className={row.filter === "off" ? "text-quiet" : undefined}>{named(row.filter)}</span> },
      { id: "model", name: t("console.model"), wideOnly: true, value: (row) => row.model, cell: (row) => row.model },
    ],
    [t, named],
  );
  return (
    <ConsoleFrame title={t("console.filters")}>
      <p className="-mt-3 max-w-read text-quiet">{t("filters.why")}</p>
      <Table
        label={t("console.filters")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.name}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("filters.none")} icon={<ShieldCheck aria-hidden />}>
            <Link href="/console/deployments" className="underline underline-offset-4">
              {t("filters.noneWhy")}
            </Link>
          </EmptyState>
        }
      />
    </ConsoleFrame>
  );
}

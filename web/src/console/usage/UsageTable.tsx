import { ChartColumn } from "lucide-react";
import { useMemo } from "react";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { useFormats } from "../formats";
import { add, type Group, moneyOf, nothing, type Usage, type Used } from "./usage";

type Row = { group: string; used: Used };
type UsageTableProps = { usage: Usage | undefined; group: Group; costs: boolean; nameOf: (group: string) => string };

/** Each group's sums, and the sum of all. */
export function UsageTable({ usage, group, costs, nameOf }: UsageTableProps) {
  const t = useT();
  const { number, money } = useFormats();
  const rows = useMemo<Row[] | undefined>(() => usage && [...usage.groups].map(([name, steps]) => ({ group: name, used: summed(steps) })), [usage]);
  const total = useMemo(() => summed(rows?.map((row) => row.used) ?? []), [rows]);
  const count = (id: string, name: string, of: (used: Used) => number, more: Partial<Column<Row>> = {}): Column<Row> => ({
    id,
    name,
    number: true,
    width: 9,
    value: (row) => of(row.used),
    cell: (row) => number(of(row.used)),
    foot: number(of(total)),
    ...more,
  });
  const paid = (used: Used) => moneyOf(used).map(money).join(" · ") || "–";
  const columns: Column<Row>[] = [
    { id: "group", name: t(`console.by.${group}`), value: (row) => nameOf(row.group), cell: (row) => <span title={row.group}>{nameOf(row.group)}</span>, foot: t("console.sum") },
    count("calls", t("console.requests"), (used) => used.calls),
    count("input", t("console.measure.input"), (used) => used.input),
    count("cached", t("console.cached"), (used) => used.cached, { wideOnly: true, width: 10 }),
    count("output", t("console.measure.output"), (used) => used.output),
    count("images", t("console.images"), (used) => used.images, { wideOnly: true }),
    ...(costs
      ? [
          {
            id: "cost",
            name: t("console.cost"),
            number: true,
            width: 10,
            value: (row: Row) => moneyOf(row.used)[0]?.value ?? 0,
            cell: (row: Row) => paid(row.used),
            foot: paid(total),
          },
        ]
      : []),
  ];
  return (
    <Table
      key={group}
      label={t("console.usage")}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.group}
      sort={{ column: "calls", descending: true }}
      empty={
        <EmptyState title={t("console.noUsage")} icon={<ChartColumn aria-hidden />}>
          {t("console.noUsageWhy")}
        </EmptyState>
      }
    />
  );
}

function summed(steps: readonly Used[]): Used {
  const sum = nothing();
  for (const step of steps) add(sum, step);
  return sum;
}

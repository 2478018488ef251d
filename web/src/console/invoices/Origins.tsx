import { ChartColumn } from "lucide-react";
import { useMemo } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { partsOf, useAmounts } from "../amounts";
import { ConsoleError } from "../ConsolePage";
import { useFormats } from "../formats";
import { type Origin, useOrigins, type WholeInvoice } from "./invoices";

/** The calls behind a bill, by day and model, at list prices: their sum is that of its lines of usage. */
export function Origins({ invoice, own }: { invoice: WholeInvoice; own: boolean }) {
  const t = useT();
  const { money, day } = useAmounts();
  const { number } = useFormats();
  const { data, error, refetch } = useOrigins(invoice.id, true);
  const total = data?.total ?? "0";
  const columns = useMemo<Column<Origin>[]>(
    () => [
      { id: "day", name: t("invoices.day"), width: 7.5, value: (row) => row.start_time, cell: (row) => day(row.start_time), foot: t("invoices.sum") },
      { id: "model", name: t("invoices.model"), value: (row) => row.model, cell: (row) => <span title={row.project_id}>{row.model}</span> },
      { id: "calls", name: t("invoices.calls"), width: 6, number: true, wideOnly: true, value: (row) => row.num_model_requests, cell: (row) => number(row.num_model_requests) },
      { id: "in", name: t("invoices.tokensIn"), width: 9, number: true, wideOnly: true, value: (row) => row.input_tokens, cell: (row) => number(row.input_tokens) },
      { id: "out", name: t("invoices.tokensOut"), width: 9, number: true, wideOnly: true, value: (row) => row.output_tokens, cell: (row) => number(row.output_tokens) },
      {
        id: "amount",
        name: t("invoices.listPrice"),
        width: 8,
        number: true,
        value: (row) => Number(partsOf(row.amount)),
        cell: (row) => money(row.amount, invoice.currency),
        foot: money(total, invoice.currency),
      },
    ],
    [t, day, number, money, invoice.currency, total],
  );
  return (
    <section aria-label={t("invoices.origins")} className="flex min-w-0 flex-col gap-3">
      <div>
        <h2 className="text-base font-semibold">{t("invoices.origins")}</h2>
        <p className="max-w-read text-quiet">{t("invoices.originsWhy")}</p>
      </div>
      <Table
        label={t("invoices.origins")}
        columns={columns}
        rows={data?.data}
        rowKey={(row) => `${row.start_time} ${row.model} ${row.project_id}`}
        sort={{ column: "day", descending: false }}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("invoices.noOrigins")} icon={<ChartColumn aria-hidden />}>
            {t("invoices.noOriginsWhy")}
          </EmptyState>
        }
      />
      {own && (
        <Link href={`/console/usage?range=${invoice.period}`} className="w-fit underline underline-offset-4">
          {t("invoices.seeUsage")}
        </Link>
      )}
    </section>
  );
}

import { FilePlus2, ReceiptText } from "lucide-react";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Button } from "@/ui/Button";
import { DensitySwitch } from "@/ui/DensitySwitch";
import { type Column, Table } from "@/ui/Table";
import { useAddress } from "../address";
import { useAmounts } from "../amounts";
import { Pick } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { DraftDialog } from "./DraftDialog";
import { type Invoice, useCustomers, useInvoices } from "./invoices";
import { MonthPick } from "./MonthPick";
import { StatusMark } from "./StatusMark";

const SHOWN = ["draft", "final", "paid", "credit_note"] as const;

/** All bills that the reader may see, the newest month first. */
export function InvoiceList() {
  const t = useT();
  const { money, period, day } = useAmounts();
  const [address, change] = useAddress(["month", "status", "of"]);
  const [drafting, setDrafting] = useState(false);
  const shown = SHOWN.find((name) => name === address.status);
  const note = shown === "credit_note";
  const filter = { organization_id: address.of, period: address.month, status: note ? "" : (shown ?? ""), kind: note ? "credit_note" : shown === "final" ? "invoice" : "" };
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useInvoices(filter);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const house = data?.pages[0]?.can_change ?? false;
  const customers = useCustomers("", house);
  const filtered = Boolean(address.month || address.status || address.of);
  const columns: Column<Invoice>[] = [
    {
      id: "number",
      name: t("invoices.number"),
      width: 7,
      cell: (row) => (
        <Link href={`/console/invoices/${row.id}`} className="underline underline-offset-4">
          {row.number ?? t("invoices.state.draft")}
        </Link>
      ),
    },
    { id: "period", name: t("invoices.month"), width: 8.5, cell: (row) => period(row.period) },
    { id: "customer", name: t("invoices.customer"), wideOnly: true, cell: (row) => <span title={row.organization_id}>{row.customer_name}</span> },
    { id: "total", name: t("invoices.total"), width: 7, number: true, cell: (row) => money(row.kind === "credit_note" ? `-${row.total}` : row.total, row.currency) },
    { id: "open", name: t("invoices.open"), width: 8, number: true, cell: (row) => (row.kind === "credit_note" || row.status === "draft" ? "–" : money(row.open, row.currency)) },
    { id: "status", name: t("invoices.status"), width: 8, cell: (row) => <StatusMark invoice={row} /> },
    { id: "issued", name: t("invoices.issued"), width: 9, wideOnly: true, cell: (row) => (row.issued_at ? day(row.issued_at) : "–") },
  ];
  return (
    <ConsoleFrame
      title={t("invoices.title")}
      actions={
        <>
          {house && customers.data && (
            <Pick
              label={t("invoices.customer")}
              value={address.of}
              onChange={(of) => change({ of })}
              options={[{ value: "", name: t("invoices.all") }, ...customers.data.map((one) => ({ value: one.id, name: one.name }))]}
            />
          )}
          <MonthPick label={t("invoices.month")} value={address.month} onChange={(month) => change({ month })} />
          <Pick
            label={t("invoices.status")}
            value={shown ?? ""}
            onChange={(status) => change({ status })}
            options={[{ value: "", name: t("invoices.all") }, ...SHOWN.filter((name) => house || name !== "draft").map((value) => ({ value, name: t(`invoices.only.${value}`) }))]}
          />
          <DensitySwitch />
          {house && (
            <Button look="primary" className="h-8" onClick={() => setDrafting(true)}>
              <FilePlus2 aria-hidden className="size-4" />
              {t("invoices.draftMonth")}
            </Button>
          )}
        </>
      }
    >
      <Table
        label={t("invoices.title")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        onEnd={hasNextPage && !isFetching ? () => void fetchNextPage() : undefined}
        empty={
          <EmptyState
            title={t(filtered ? "invoices.noneHere" : "invoices.none")}
            icon={<ReceiptText aria-hidden />}
            actions={filtered && <Button onClick={() => change({ month: "", status: "", of: "" })}>{t("invoices.showAll")}</Button>}
          >
            {t(filtered ? "invoices.noneHereWhy" : house ? "invoices.noneWhyHouse" : "invoices.noneWhy")}
          </EmptyState>
        }
      />
      <p className="max-w-read text-quiet">{t("invoices.why")}</p>
      {drafting && <DraftDialog onClose={() => setDrafting(false)} />}
    </ConsoleFrame>
  );
}

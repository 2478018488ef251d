import { Handshake, Plus } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Button } from "@/ui/Button";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { AgreementDialog } from "./AgreementDialog";
import { type Agreement, useAgreements } from "./settlement";

/** The agreements that the reader may see. */
export function AgreementList() {
  const t = useT();
  const [, go] = useLocation();
  const [making, setMaking] = useState(false);
  const { data, error, refetch } = useAgreements();
  const house = data?.can_change ?? false;
  const columns: Column<Agreement>[] = [
    {
      id: "name",
      name: t("settlement.agreement"),
      value: (row) => row.name,
      cell: (row) => (
        <Link href={`/console/settlement/${row.id}`} className="underline underline-offset-4">
          {row.name}
        </Link>
      ),
    },
    { id: "parties", name: t("settlement.parties"), cell: (row) => row.parties.map((party) => party.name).join(", ") },
    { id: "currency", name: t("settlement.currency"), width: 6, cell: (row) => row.currency },
  ];
  const add = house && (
    <Button look="primary" className="h-8" onClick={() => setMaking(true)}>
      <Plus aria-hidden className="size-4" />
      {t("settlement.add")}
    </Button>
  );
  return (
    <ConsoleFrame title={t("settlement.title")} actions={data && data.data.length > 0 && add}>
      <Table
        label={t("settlement.title")}
        columns={columns}
        rows={data?.data}
        rowKey={(row) => row.id}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("settlement.none")} icon={<Handshake aria-hidden />} actions={add}>
            {t(house ? "settlement.noneWhyHouse" : "settlement.noneWhy")}
          </EmptyState>
        }
      />
      <p className="max-w-read text-quiet">{t(house ? "settlement.whyHouse" : "settlement.why")}</p>
      {making && <AgreementDialog onClose={() => setMaking(false)} onKept={(id) => go(`/console/settlement/${id}`)} />}
    </ConsoleFrame>
  );
}

import { Boxes, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Button } from "@/ui/Button";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { DeploymentDetail } from "./DeploymentDetail";
import { type Deployment, useDeployments } from "./deployments";
import { Health } from "./Health";
import { NewDeploymentDialog } from "./NewDeploymentDialog";

/** What the house runs: a table of deployments, and behind each name all that can be known and done about it. */
export default function DeploymentsPage() {
  const t = useT();
  const { number } = useFormats();
  const { item } = useParams<{ item?: string }>();
  const [, go] = useLocation();
  const [making, setMaking] = useState(false);
  const { data, error, refetch } = useDeployments();
  const chosen = item === undefined ? undefined : data?.data.find(({ name }) => name === decodeURIComponent(item));
  const columns = useMemo<Column<Deployment>[]>(
    () => [
      {
        id: "name",
        name: t("deploy.name"),
        value: (row) => row.name,
        cell: (row) => (
          <Link href={addressOf(row.name)} className="font-medium underline-offset-4 hover:underline">
            {row.name}
          </Link>
        ),
      },
      { id: "state", name: t("deploy.health"), width: 9, value: (row) => row.state, cell: (row) => <Health deployment={row} /> },
      { id: "model", name: t("deploy.model"), value: (row) => row.model, cell: (row) => `${row.model} · ${t("deploy.versionShort", { version: row.version })}` },
      { id: "engine", name: t("deploy.engine"), width: 9.5, wideOnly: true, value: (row) => row.engine, cell: (row) => row.engine },
      { id: "concurrency", name: t("deploy.atOnce"), width: 6.5, number: true, wideOnly: true, value: (row) => row.concurrency, cell: (row) => (row.concurrency === null ? "–" : number(row.concurrency)) },
      { id: "rate", name: t("deploy.tokensPerMinute"), width: 9, number: true, wideOnly: true, value: (row) => row.capacity.tokens_per_minute, cell: (row) => (row.capacity.tokens_per_minute === null ? t("deploy.unlimited") : number(row.capacity.tokens_per_minute)) },
      { id: "canary", name: t("deploy.canary"), width: 11, wideOnly: true, cell: (row) => (row.canary ? t("deploy.canaryShort", { percent: row.canary.percent, name: row.canary.deployment }) : "–") },
      { id: "aliases", name: t("deploy.aliases"), wideOnly: true, cell: (row) => row.aliases.join(", ") || "–" },
    ],
    [t, number],
  );
  if (item !== undefined && data) {
    return chosen ? (
      <DeploymentDetail key={chosen.name} deployment={chosen} all={data.data} />
    ) : (
      <EmptyState title={t("deploy.gone")} actions={<Button onClick={() => go("/console/deployments")}>{t("deploy.back")}</Button>} />
    );
  }
  const add = (
    <Button look="primary" onClick={() => setMaking(true)}>
      <Plus aria-hidden className="size-4" />
      {t("deploy.new")}
    </Button>
  );
  return (
    <ConsoleFrame title={t("deploy.title")} actions={add}>
      <Table
        label={t("deploy.title")}
        columns={columns}
        rows={data?.data}
        rowKey={(row) => row.name}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("deploy.none")} icon={<Boxes aria-hidden />} actions={<Button onClick={() => setMaking(true)}>{t("deploy.new")}</Button>}>
            {t("deploy.noneWhy")}
          </EmptyState>
        }
      />
      {making && <NewDeploymentDialog onClose={() => setMaking(false)} onMade={(name) => go(addressOf(name))} />}
    </ConsoleFrame>
  );
}

function addressOf(name: string): string {
  return `/console/deployments/${encodeURIComponent(name)}`;
}

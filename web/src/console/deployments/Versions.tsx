import { useMemo } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError } from "../ConsolePage";
import { useFormats } from "../formats";
import { type Deployment, useDeploymentActs, useVersions, type Version } from "./deployments";

/** What a deployment ran, the newest first, and the way back to each. */
export function Versions({ deployment: { name, version } }: { deployment: Deployment }) {
  const t = useT();
  const told = useErrorText();
  const { moment } = useFormats();
  const { data, error, refetch } = useVersions(name, version);
  const {
    rollBack: { mutate, isPending },
  } = useDeploymentActs();
  const columns = useMemo<Column<Version>[]>(
    () => [
      { id: "version", name: t("deploy.version"), width: 6, number: true, cell: (row) => row.version },
      { id: "model", name: t("deploy.model"), cell: (row) => row.model },
      { id: "engine", name: t("deploy.engine"), width: 10, wideOnly: true, cell: (row) => row.engine },
      { id: "options", name: t("deploy.optionsShort"), wideOnly: true, cell: (row) => Object.entries(row.options).map(([key, value]) => `${key}=${value}`).join(" ") || "–" },
      { id: "created", name: t("deploy.since"), width: 13, wideOnly: true, cell: (row) => moment(row.created_at) },
      {
        id: "back",
        name: t("deploy.action"),
        width: 9,
        cell: (row) =>
          row.version === version ? (
            t("deploy.current")
          ) : (
            <Button
              look="quiet"
              className="h-7"
              busy={isPending}
              onClick={() =>
                mutate({ name, version: row.version }, {
                  onError: (refused) => toast({ text: told(refused), bad: true }),
                  onSuccess: () => toast({ text: t("deploy.rolledBack", { name, version: row.version }), undo: () => mutate({ name, version }) }),
                })
              }
            >
              {t("deploy.rollBack")}
            </Button>
          ),
      },
    ],
    [t, told, moment, mutate, isPending, name, version],
  );
  return (
    <Table
      label={t("deploy.versions")}
      columns={columns}
      rows={data?.data}
      rowKey={(row) => row.id}
      error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
      empty={null}
    />
  );
}

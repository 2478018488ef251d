import { Folder } from "lucide-react";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { MenuItem } from "@/ui/Menu";
import { RowMenu } from "@/ui/RowMenu";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError } from "../ConsolePage";
import { useFormats } from "../formats";
import { ArchiveDialog, NameDialog } from "./ProjectDialogs";
import { type Project, useProjectPages } from "./users";

/** Projects in force; a name leads to its people. */
export function ProjectsTable() {
  const t = useT();
  const { moment } = useFormats();
  const [doing, setDoing] = useState<{ what: "rename" | "archive"; project: Project } | null>(null);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useProjectPages();
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useMemo<Column<Project>[]>(
    () => [
      {
        id: "name",
        name: t("users.name"),
        cell: (row) => (
          <Link href={`/console/users/${row.id}`} className="font-medium underline-offset-4 hover:underline">
            {row.name}
          </Link>
        ),
      },
      { id: "id", name: t("users.id"), wideOnly: true, cell: (row) => <code className="text-xs">{row.id}</code> },
      { id: "made", name: t("users.since"), width: 13, wideOnly: true, cell: (row) => moment(row.created_at) },
      {
        id: "acts",
        name: t("users.acts"),
        width: 5,
        cell: (row) => (
          <RowMenu name={row.name}>
            <MenuItem onClick={() => setDoing({ what: "rename", project: row })}>{t("users.rename")}</MenuItem>
            <MenuItem danger onClick={() => setDoing({ what: "archive", project: row })}>
              {t("users.archive")}
            </MenuItem>
          </RowMenu>
        ),
      },
    ],
    [t, moment],
  );
  const close = () => setDoing(null);
  return (
    <>
      <Table
        label={t("users.projects")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onEnd={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("users.noProjects")} icon={<Folder aria-hidden />}>
            {t("users.noProjectsWhy")}
          </EmptyState>
        }
      />
      {doing?.what === "rename" && <NameDialog project={doing.project} onClose={close} />}
      {doing?.what === "archive" && <ArchiveDialog project={doing.project} onClose={close} />}
    </>
  );
}

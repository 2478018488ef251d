import { UsersRound } from "lucide-react";
import { useMemo, useState } from "react";
import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { MenuItem, MenuLine } from "@/ui/Menu";
import { RowMenu } from "@/ui/RowMenu";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError } from "../ConsolePage";
import { useFormats } from "../formats";
import { EraseDialog } from "./EraseDialog";
import { RemoveDialog } from "./RemoveDialog";
import { RoleDialog } from "./RoleDialog";
import { nameOf, type Person, roleOf, usePeople } from "./users";

/** People of the organisation, or of a project: who, as what; their role changed, removed. */
export function PeopleTable({ project = "" }: { project?: string }) {
  const t = useT();
  const { moment } = useFormats();
  const { user, role } = useSession();
  const [doing, setDoing] = useState<{ what: "role" | "remove" | "erase"; person: Person } | null>(null);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = usePeople(project);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useMemo<Column<Person>[]>(
    () => [
      { id: "name", name: t("users.name"), cell: (row) => <span className="font-medium">{row.id === user.id ? t("users.you", { name: nameOf(row) }) : nameOf(row)}</span> },
      { id: "email", name: t("users.email"), wideOnly: true, cell: (row) => row.email },
      { id: "role", name: t("users.role"), width: 8, cell: (row) => t(`role.${roleOf(row)}`) },
      { id: "added", name: t("users.since"), width: 13, wideOnly: true, cell: (row) => moment(row.added_at) },
      {
        id: "acts",
        name: t("users.acts"),
        width: 5,
        cell: (row) => (
          <RowMenu name={nameOf(row)}>
            <MenuItem onClick={() => setDoing({ what: "role", person: row })}>{t("users.changeRole")}</MenuItem>
            <MenuItem danger onClick={() => setDoing({ what: "remove", person: row })}>
              {t("users.remove")}
            </MenuItem>
            {role === "owner" && !project && (
              <>
                <MenuLine />
                <MenuItem onClick={() => location.assign(`/v1/organization/users/${row.id}/data`)}>{t("users.takeAlong")}</MenuItem>
                {row.id !== user.id && (
                  <MenuItem danger onClick={() => setDoing({ what: "erase", person: row })}>
                    {t("users.eraseMenu")}
                  </MenuItem>
                )}
              </>
            )}
          </RowMenu>
        ),
      },
    ],
    [t, moment, user.id, role, project],
  );
  const close = () => setDoing(null);
  return (
    <>
      <Table
        label={t("users.people")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onEnd={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("users.nobody")} icon={<UsersRound aria-hidden />}>
            {t("users.nobodyWhy")}
          </EmptyState>
        }
      />
      {doing?.what === "role" && <RoleDialog project={project} person={doing.person} onClose={close} />}
      {doing?.what === "erase" && <EraseDialog person={doing.person} onClose={close} />}
      {doing?.what === "remove" && <RemoveDialog project={project} person={doing.person} onClose={close} />}
    </>
  );
}

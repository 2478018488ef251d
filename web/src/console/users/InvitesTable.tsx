import { Mail } from "lucide-react";
import { type FormEvent, useMemo, useState } from "react";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError } from "../ConsolePage";
import { useFormats } from "../formats";
import { FormEnd } from "./FormEnd";
import { type Invite, roleOf, useInviteActs, useInvites } from "./users";

/** Invitations that nobody has used yet, and their taking back. */
export function InvitesTable() {
  const t = useT();
  const { moment } = useFormats();
  const { data, error, refetch } = useInvites();
  const [taken, setTaken] = useState<Invite | null>(null);
  const columns = useMemo<Column<Invite>[]>(
    () => [
      { id: "email", name: t("users.email"), cell: (row) => <span className="font-medium">{row.email}</span> },
      { id: "role", name: t("users.role"), width: 8, wideOnly: true, cell: (row) => t(`role.${roleOf(row)}`) },
      { id: "until", name: t("users.opensUntil"), width: 13, wideOnly: true, cell: (row) => (row.status === "expired" ? t("users.expired") : moment(row.expires_at)) },
      {
        id: "acts",
        name: t("users.acts"),
        width: 9,
        cell: (row) => (
          <Button look="quiet" className="h-7" onClick={() => setTaken(row)}>
            {t("users.takeBack")}
          </Button>
        ),
      },
    ],
    [t, moment],
  );
  return (
    <>
      <Table
        label={t("users.invites")}
        columns={columns}
        rows={data}
        rowKey={(row) => row.id}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("users.noInvites")} icon={<Mail aria-hidden />}>
            {t("users.noInvitesWhy")}
          </EmptyState>
        }
      />
      {taken && <TakeBackDialog invite={taken} onClose={() => setTaken(null)} />}
    </>
  );
}

function TakeBackDialog({ invite: { id, email }, onClose }: { invite: Invite; onClose: () => void }) {
  const t = useT();
  const { takeBack } = useInviteActs();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    takeBack.mutate(id, {
      onSuccess: () => {
        toast({ text: t("users.takenBack", { email }) });
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t("users.takeBackTitle", { email })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p>{t("users.takeBackWhy")}</p>
        <FormEnd does={t("users.takeBack")} error={takeBack.error} busy={takeBack.isPending} onClose={onClose} danger />
      </form>
    </Dialog>
  );
}

import { KeyRound, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Button } from "@/ui/Button";
import { type Column, Table } from "@/ui/Table";
import { Choice, Pick } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useAddress } from "../address";
import { useFormats } from "../formats";
import { mayHave } from "../pages";
import { type Key, type Secret, useKeys, useProjects } from "./keys";
import { NewKeyDialog } from "./NewKeyDialog";
import { RevokeDialog } from "./RevokeDialog";
import { RotateDialog } from "./RotateDialog";
import { SecretDialog } from "./SecretDialog";

type Doing = { what: "new" } | { what: "rotate" | "revoke"; key: Key } | { what: "show"; secret: Secret } | null;

/** Keys of a project, and those that administer: made, given new secrets, revoked. */
export default function KeysPage() {
  const t = useT();
  const { moment } = useFormats();
  const { role, project: own } = useSession();
  const [address, change] = useAddress(["kind", "project"]);
  const { data: projects } = useProjects();
  const [doing, setDoing] = useState<Doing>(null);
  const administers = mayHave(role, "admin");
  const admin = administers && address.kind === "admin";
  const project = admin ? "" : address.project || own || projects?.data[0]?.id || "";
  const { data, error, refetch, fetchNextPage, hasNextPage } = useKeys(project);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useMemo<Column<Key>[]>(() => {
    const when = (seconds: number | null, otherwise: string) => (seconds === null ? otherwise : moment(seconds));
    const shown: Column<Key>[] = [
      { id: "name", name: t("keyring.name"), cell: (row) => <span className="font-medium">{row.name}</span> },
      { id: "secret", name: t("keyring.secret"), width: 12, cell: (row) => <code className="text-xs">{row.redacted_value}</code> },
      { id: "owner", name: t("keyring.owner"), wideOnly: true, cell: (row) => ownerOf(row) || "–" },
      { id: "used", name: t("keyring.used"), width: 13, wideOnly: true, cell: (row) => when(row.last_used_at, t("keyring.never")) },
      { id: "expires", name: t("keyring.expires"), width: 13, wideOnly: true, cell: (row) => when(row.expires_at, t("keyring.never")) },
      {
        id: "acts",
        name: t("keyring.acts"),
        width: admin ? 8 : 16,
        cell: (row) => (
          <span className="flex gap-1">
            {!admin && (
              <Button look="quiet" className="h-7" onClick={() => setDoing({ what: "rotate", key: row })}>
                {t("keyring.rotate")}
              </Button>
            )}
            <Button look="quiet" className="h-7" onClick={() => setDoing({ what: "revoke", key: row })}>
              {t("keyring.revoke")}
            </Button>
          </span>
        ),
      },
    ];
    return shown;
  }, [t, moment, admin]);
  const close = () => setDoing(null);
  const show = (secret: Secret) => setDoing({ what: "show", secret });
  const kinds = [{ value: "", name: t("keyring.ofProject") }, { value: "admin", name: t("keyring.ofAdmins") }];
  const add = (
    <Button look="primary" onClick={() => setDoing({ what: "new" })}>
      <Plus aria-hidden className="size-4" />
      {t("keyring.new")}
    </Button>
  );
  const actions = (
    <>
      {administers && <Choice label={t("keyring.title")} options={kinds} value={address.kind} onChange={(kind) => change({ kind })} />}
      {administers && !admin && projects && projects.data.length > 1 && (
        <Pick label={t("keyring.project")} value={project} onChange={(next) => change({ project: next })} options={projects.data.map(({ id, name }) => ({ value: id, name }))} />
      )}
      {add}
    </>
  );
  return (
    <ConsoleFrame title={t("keyring.title")} actions={actions}>
      <Table
        label={t("keyring.title")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onEnd={hasNextPage ? () => void fetchNextPage() : undefined}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("keyring.none")} icon={<KeyRound aria-hidden />} actions={<Button onClick={() => setDoing({ what: "new" })}>{t("keyring.new")}</Button>}>
            {t("keyring.noneWhy")}
          </EmptyState>
        }
      />
      {doing?.what === "new" && <NewKeyDialog project={project} onClose={close} onMade={show} />}
      {doing?.what === "rotate" && <RotateDialog project={project} held={doing.key} onClose={close} onMade={show} />}
      {doing?.what === "revoke" && <RevokeDialog project={project} held={doing.key} onClose={close} />}
      {doing?.what === "show" && <SecretDialog secret={doing.secret} onClose={close} />}
    </ConsoleFrame>
  );
}

function ownerOf({ owner }: Key): string {
  const person = owner.user ?? owner.service_account;
  return person?.name || person?.email || owner.name || "";
}

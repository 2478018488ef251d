import { useInfiniteQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { useMemo } from "react";
import { api } from "@/api/client";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { useAddress } from "../address";
import { Pick } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { useNamed } from "../names";
import { Day, dayOf } from "./Day";

type Person = { id: string; email: string | null };
type Event = {
  id: string;
  type: string;
  effective_at: number;
  actor: { type: string; session?: { user: Person | null; ip_address: string | null }; api_key?: { id: string; user?: Person | null } };
  [details: string]: unknown;
};
type Page = { data: Event[]; last_id: string | null; has_more: boolean };

// What one looks for most; the address takes any other: ?type=role.created
const TYPES = ["api_key.created", "api_key.deleted", "deployment.created", "deployment.updated", "deployment.deleted", "deployment.rolled_back", "invite.accepted", "invite.sent", "login.succeeded", "project.created", "rate_limit.updated", "user.added", "user.updated", "user.deleted"] as const;

/** Who administered what, and when: each act of the audit log, the newest first. */
export default function AuditPage() {
  const t = useT();
  const { moment } = useFormats();
  const [address, change] = useAddress(["type", "who", "since", "until"]);
  const people = useNamed("user_id");
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["audit", address],
    initialPageParam: "",
    queryFn: ({ pageParam: after, signal }) => {
      const wanted = new URLSearchParams({ limit: "100" });
      if (after) wanted.set("after", after);
      if (address.type) wanted.set("event_types[]", address.type);
      if (address.who) wanted.set("actor_ids[]", address.who);
      if (address.since) wanted.set("effective_at[gte]", String(dayOf(address.since)));
      if (address.until) wanted.set("effective_at[lt]", String(dayOf(address.until, 1)));
      return api.get<Page>(`/v1/organization/audit_logs?${wanted}`, { signal });
    },
    getNextPageParam: (last) => (last.has_more ? last.last_id : null),
  });
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useMemo<Column<Event>[]>(
    () => [
      { id: "time", name: t("audit.time"), width: 13, cell: (row) => moment(row.effective_at) },
      { id: "type", name: t("audit.act"), width: 14, cell: (row) => <code className="text-xs">{row.type}</code> },
      { id: "about", name: t("audit.about"), cell: (row) => aboutOf(row) },
      { id: "actor", name: t("audit.actor"), cell: (row) => actorOf(row) || "–" },
      { id: "from", name: t("audit.from"), width: 9, wideOnly: true, cell: (row) => row.actor.session?.ip_address ?? "–" },
    ],
    [t, moment],
  );
  const types = [...new Set([...TYPES, address.type].filter(Boolean))].sort();
  const options = [{ value: "", name: t("audit.every") }, ...types.map((type) => ({ value: type, name: type }))];
  const persons = new Map([...(people ?? []), ...(address.who && !people?.has(address.who) ? [[address.who, address.who] as const] : [])]);
  return (
    <ConsoleFrame
      title={t("audit.title")}
      actions={
        <>
          <Pick label={t("audit.act")} value={address.type} onChange={(type) => change({ type })} options={options} />
          <Pick
            label={t("audit.actor")}
            value={address.who}
            onChange={(who) => change({ who })}
            options={[{ value: "", name: t("audit.anybody") }, ...[...persons].map(([id, name]) => ({ value: id, name }))]}
          />
          <Day label={t("audit.since")} value={address.since} onChange={(since) => change({ since })} />
          <Day label={t("audit.until")} value={address.until} onChange={(until) => change({ until })} />
        </>
      }
    >
      <Table
        key={JSON.stringify(address)}
        label={t("audit.title")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onEnd={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("audit.none")} icon={<ScrollText aria-hidden />}>
            {t("audit.noneWhy")}
          </EmptyState>
        }
      />
    </ConsoleFrame>
  );
}

/** The id of what was changed: it stands under the act's own name. */
function aboutOf(event: Event): string {
  const details = event[event.type];
  return details !== null && typeof details === "object" && "id" in details && typeof details.id === "string" ? details.id : "–";
}

function actorOf({ actor }: Event): string {
  const person = actor.session?.user ?? actor.api_key?.user;
  return person?.email || person?.id || actor.api_key?.id || actor.type;
}

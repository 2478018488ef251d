import { useMemo } from "react";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { type Column, Table } from "@/ui/Table";
import { useFormats } from "../formats";
import type { TuneEvent } from "./jobs";

const TONES = { info: "", warn: "text-warn", error: "text-bad" } as const;

/** What happened in a job, the newest first. */
export function Events({ events }: { events: readonly TuneEvent[] | undefined }) {
  const t = useT();
  const { moment } = useFormats();
  const rows = useMemo(() => events?.toReversed(), [events]);
  const columns = useMemo<Column<TuneEvent>[]>(
    () => [
      { id: "time", name: t("chart.time"), width: 13, cell: (event) => moment(event.created_at) },
      {
        id: "message",
        name: t("jobs.event"),
        cell: (event) => (
          <span title={event.message} className={TONES[event.level]}>
            {event.message}
          </span>
        ),
      },
    ],
    [t, moment],
  );
  return (
    <section className="flex min-w-0 flex-col gap-3">
      <h2 className="font-semibold">{t("jobs.events")}</h2>
      <Table label={t("jobs.events")} columns={columns} rows={rows} rowKey={(row) => row.id} empty={<EmptyState title={t("jobs.noEvents")} />} />
    </section>
  );
}

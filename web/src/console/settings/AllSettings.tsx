import { useMemo } from "react";
import { useT } from "@/i18n";
import { type Column, Table } from "@/ui/Table";
import { useFormats } from "../formats";
import type { Setting } from "./settings";

/** Every setting with its value, its default, and who said so. */
export function AllSettings({ settings }: { settings: readonly Setting[] }) {
  const t = useT();
  const { moment } = useFormats();
  const columns = useMemo<Column<Setting>[]>(
    () => [
      { id: "name", name: t("house.variable"), width: 18, value: (row) => row.variable, cell: (row) => <code className="text-xs">{row.variable}</code> },
      { id: "value", name: t("house.value"), cell: (row) => (row.value === "" ? "–" : <span title={String(row.value)}>{String(row.value)}</span>) },
      { id: "default", name: t("house.default"), wideOnly: true, cell: (row) => (row.default === "" ? "–" : String(row.default)) },
      {
        id: "origin",
        name: t("house.origin"),
        width: 15,
        value: (row) => row.origin,
        cell: (row) => (row.changed_at === null ? t(`house.origin.${row.origin}`) : t("house.changedAt", { when: moment(row.changed_at) })),
      },
    ],
    [t, moment],
  );
  return (
    <section className="flex min-w-0 flex-col gap-3">
      <h2 className="font-semibold">{t("house.all")}</h2>
      <p className="max-w-read text-quiet">{t("house.allWhy")}</p>
      <Table label={t("house.all")} columns={columns} rows={settings} rowKey={(row) => row.name} empty={null} />
    </section>
  );
}

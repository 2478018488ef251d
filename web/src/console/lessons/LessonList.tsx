import { GraduationCap } from "lucide-react";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Button } from "@/ui/Button";
import { type Column, Table } from "@/ui/Table";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { BeginDialog } from "./BeginDialog";
import { type Lesson, useLessons } from "./lessons";
import { StateMark } from "./StateMark";

/** Every lesson: which deployment learns, how far it is, and how the candidate does beside what serves. */
export function LessonList() {
  const t = useT();
  const [beginning, setBeginning] = useState(false);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useLessons();
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data]);
  const columns = useColumns();
  return (
    <ConsoleFrame
      title={t("lessons.title")}
      actions={
        <Button look="primary" onClick={() => setBeginning(true)}>
          {t("lessons.begin")}
        </Button>
      }
    >
      <Table
        label={t("lessons.title")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onEnd={hasNextPage && !isFetching ? () => void fetchNextPage() : undefined}
        error={error && <ConsoleError error={error} onRetry={() => void refetch()} />}
        empty={
          <EmptyState title={t("lessons.none")} icon={<GraduationCap aria-hidden />}>
            {t("lessons.noneWhy")}
          </EmptyState>
        }
      />
      {beginning && <BeginDialog onClose={() => setBeginning(false)} />}
    </ConsoleFrame>
  );
}

function useColumns(): Column<Lesson>[] {
  const t = useT();
  const { moment, percent, number } = useFormats();
  return useMemo<Column<Lesson>[]>(() => {
    const figure = (value: number | null | undefined) => (value === null || value === undefined ? "–" : percent(value));
    return [
      {
        id: "deployment",
        name: t("lessons.deployment"),
        cell: (row) => (
          <Link href={`/console/lessons/${row.id}`} className="underline-offset-4 hover:underline">
            {row.deployment}
          </Link>
        ),
      },
      { id: "state", name: t("lessons.state"), width: 13, cell: (row) => <StateMark state={row.state} /> },
      { id: "kind", name: t("lessons.kind"), width: 11, wideOnly: true, cell: (row) => t(`lessons.kind.${row.kind}`) },
      { id: "examples", name: t("lessons.examples"), width: 7, number: true, wideOnly: true, cell: (row) => (row.data ? number(row.data.examples) : "–") },
      { id: "gate", name: t("lessons.gateBoth"), width: 12, wideOnly: true, cell: (row) => `${figure(row.incumbent.gate)} → ${figure(row.candidate?.gate)}` },
      { id: "begun", name: t("lessons.begun"), width: 13, wideOnly: true, cell: (row) => moment(row.created_at) },
    ];
  }, [t, moment, percent, number]);
}

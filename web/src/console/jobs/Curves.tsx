import { LineChart } from "lucide-react";
import { useMemo } from "react";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Chart } from "@/ui/Chart";
import { useFormats } from "../formats";
import type { TuneEvent } from "./jobs";

/** What a job measures, by step: training and, where there is a validation file, unseen examples. */
const CHARTS = [
  { title: "jobs.loss", train: "train_loss", valid: "valid_loss" },
  { title: "jobs.accuracy", train: "train_mean_token_accuracy", valid: "valid_mean_token_accuracy" },
  { title: "jobs.reward", train: "train_reward", valid: "valid_reward" },
] as const;

/** A job's metrics as curves, which grow while it runs. */
export function Curves({ events, running }: { events: readonly TuneEvent[]; running: boolean }) {
  const t = useT();
  const { number } = useFormats();
  const steps = useMemo(() => stepsOf(events), [events]);
  const places = useMemo(() => [...steps.keys()].map((step) => number(step)), [steps, number]);
  const rows = [...steps.values()];
  if (rows.length === 0) {
    return (
      <EmptyState title={t(running ? "jobs.noCurvesYet" : "jobs.noCurves")} icon={<LineChart aria-hidden />}>
        {running && t("jobs.noCurvesWhy")}
      </EmptyState>
    );
  }
  return (
    <div className="flex min-w-0 flex-col gap-8">
      {CHARTS.map(({ title, train, valid }) => {
        const series = [
          { name: t("jobs.onTraining"), values: rows.map((row) => row[train] ?? null) },
          { name: t("jobs.onUnseen"), values: filled(rows.map((row) => row[valid] ?? null)) },
        ].filter(({ values }) => values.some((value) => value !== null));
        return series.length > 0 && <Chart key={title} title={t(title)} kind="lines" along={t("chart.step")} places={places} series={series} format={number} />;
      })}
    </div>
  );
}

/** All numbers of each step, by step: a step's own event and that of its validation tell them apart. */
function stepsOf(events: readonly TuneEvent[]): Map<number, Record<string, number>> {
  const found = new Map<number, Record<string, number>>();
  for (const { type, data } of events) {
    const step = data?.["step"];
    if (type === "metrics" && data && step !== undefined) found.set(step, { ...found.get(step), ...data });
  }
  return new Map([...found].sort(([one], [other]) => one - other));
}

/** What was measured at some steps only, drawn straight from one to the next. */
function filled(values: (number | null)[]): (number | null)[] {
  const known = values.flatMap((value, place) => (value === null ? [] : [place]));
  return values.map((value, place) => {
    if (value !== null) return value;
    const before = known.findLast((one) => one < place);
    const after = known.find((one) => one > place);
    if (before === undefined || after === undefined) return null;
    const [from, to] = [values[before] ?? 0, values[after] ?? 0];
    return from + ((to - from) * (place - before)) / (after - before);
  });
}

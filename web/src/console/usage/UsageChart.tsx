import { useMemo } from "react";
import { useT } from "@/i18n";
import { Chart, type Series } from "@/ui/Chart";
import { useFormats } from "../formats";
import { moneyOf, type Usage, type Used } from "./usage";

export const MEASURES = ["calls", "input", "output", "images", "cost"] as const;
export type Measure = (typeof MEASURES)[number];

const APART = 5; // groups with a colour of their own; what is left has the sixth

type UsageChartProps = { usage: Usage; measure: Measure; nameOf: (group: string) => string };

/** A measure over time; the largest groups apart. Costs in the currency of most of them. */
export function UsageChart({ usage, measure, nameOf }: UsageChartProps) {
  const t = useT();
  const formats = useFormats();
  const currency = useMemo(() => commonest(usage), [usage]);
  const range = (usage.starts.at(-1) ?? 0) - (usage.starts[0] ?? 0);
  const valueOf = (used: Used) => (measure === "cost" ? (used.nano[currency] ?? 0) / 1e9 : used[measure]);
  const ranked = [...usage.groups]
    .map(([group, steps]) => ({ group, values: steps.map(valueOf) }))
    .map((one) => ({ ...one, sum: one.values.reduce((sum, value) => sum + value, 0) }))
    .filter((one) => one.sum > 0)
    .sort((a, b) => b.sum - a.sum);
  const rest = ranked.slice(APART);
  const series: Series[] = ranked.slice(0, APART).map(({ group, values }) => ({ name: nameOf(group), values }));
  if (rest.length > 0) {
    const values = usage.starts.map((_, index) => rest.reduce((sum, one) => sum + (one.values[index] ?? 0), 0));
    series.push({ name: t.count("console.others", rest.length), values });
  }
  return (
    <Chart
      title={t(`console.measure.${measure}`)}
      kind="bars"
      height={220}
      places={usage.starts.map((start) => formats.place(start, range))}
      placesInFull={usage.starts.map(formats.moment)}
      series={series}
      format={measure === "cost" && currency ? (value) => formats.money({ value, currency }) : formats.short}
    />
  );
}

function commonest(usage: Usage): string {
  const sums = new Map<string, number>();
  for (const used of [...usage.groups.values()].flat()) {
    for (const { currency } of moneyOf(used)) sums.set(currency, (sums.get(currency) ?? 0) + 1);
  }
  return [...sums].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
}

import { Activity } from "lucide-react";
import { useMemo } from "react";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Chart } from "@/ui/Chart";
import { useFormats } from "../formats";
import type { Overview, Step } from "./overview";

/** The same over time. */
export function OverviewCharts({ overview }: { overview: Overview }) {
  const t = useT();
  const formats = useFormats();
  const { data } = overview;
  const range = overview.end_time - overview.start_time;
  const places = useMemo(() => data.map((step) => formats.place(step.start_time, range)), [data, range, formats]);
  const placesInFull = useMemo(() => data.map((step) => formats.moment(step.start_time)), [data, formats]);
  if (overview.total.num_model_requests === 0) {
    return (
      <EmptyState title={t("console.noCalls")} icon={<Activity aria-hidden />}>
        {t("console.noCallsWhy")}
      </EmptyState>
    );
  }
  const of = (value: (step: Step) => number | null) => data.map(value);
  const done = of((step) => step.num_model_requests - step.num_failed - step.num_refused - step.num_cancelled);
  const common = { places, placesInFull };
  return (
    <div className="grid gap-8 lg:grid-cols-2 lg:gap-x-10">
      <Chart
        {...common}
        title={t("console.requests")}
        kind="bars"
        format={formats.short}
        series={[
          { name: t("console.outcome.completed"), values: done },
          { name: t("console.outcome.failed"), values: of((step) => step.num_failed) },
          { name: t("console.outcome.refused"), values: of((step) => step.num_refused) },
          { name: t("console.outcome.cancelled"), values: of((step) => step.num_cancelled) },
        ]}
      />
      <Chart
        {...common}
        title={t("console.tokens")}
        kind="bars"
        format={formats.short}
        series={[
          { name: t("console.tokensIn"), values: of((step) => step.input_tokens) },
          { name: t("console.tokensOut"), values: of((step) => step.output_tokens) },
        ]}
      />
      <Chart
        {...common}
        title={t("console.firstToken")}
        kind="lines"
        format={formats.time}
        series={[
          { name: t("console.half"), values: of((step) => step.first_token_p50_ms) },
          { name: t("console.most"), values: of((step) => step.first_token_p95_ms) },
        ]}
      />
      <Chart
        {...common}
        title={t("console.total")}
        kind="lines"
        format={formats.time}
        series={[
          { name: t("console.half"), values: of((step) => step.total_p50_ms) },
          { name: t("console.most"), values: of((step) => step.total_p95_ms) },
        ]}
      />
    </div>
  );
}

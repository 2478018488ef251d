import { useT } from "@/i18n";
import { Skeleton } from "@/ui/Skeleton";
import { Sparkline } from "@/ui/Sparkline";
import { useFormats } from "../formats";
import type { Overview } from "./overview";

type FigureProps = { name: string; value: string | undefined; detail?: string | undefined; course?: readonly (number | null)[] };

/** What matters most, as numbers. */
export function Figures({ overview }: { overview: Overview | undefined }) {
  const t = useT();
  const { short, number, percent, money, time, bytes } = useFormats();
  const total = overview?.total;
  const steps = overview?.data ?? [];
  const pair = (p50: number | null, p95: number | null) => (p50 === null || p95 === null ? "–" : `${time(p50)} · ${time(p95)}`);
  const machine = overview?.machine;
  const asked = total && total.num_model_requests;
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-md border border-line bg-line md:grid-cols-4">
      <Figure name={t("console.requests")} value={total && number(total.num_model_requests)} course={steps.map((step) => step.num_model_requests)} />
      <Figure
        name={t("console.tokens")}
        value={total && short(total.input_tokens + total.output_tokens)}
        detail={total && t("console.tokensInOut", { in: short(total.input_tokens), out: short(total.output_tokens) })}
        course={steps.map((step) => step.input_tokens + step.output_tokens)}
      />
      <Figure
        name={t("console.failed")}
        value={total && (asked ? percent(total.num_failed / asked) : "–")}
        detail={total && t("console.failedAndRefused", { failed: total.num_failed, refused: total.num_refused })}
        course={steps.map((step) => step.num_failed)}
      />
      <Figure name={t("console.cost")} value={total && (total.costs.map(money).join(" · ") || "–")} />
      <Figure
        name={t("console.firstToken")}
        value={total && pair(total.first_token_p50_ms, total.first_token_p95_ms)}
        detail={t("console.halfAndMost")}
        course={steps.map((step) => step.first_token_p95_ms)}
      />
      <Figure
        name={t("console.total")}
        value={total && pair(total.total_p50_ms, total.total_p95_ms)}
        detail={t("console.halfAndMost")}
        course={steps.map((step) => step.total_p95_ms)}
      />
      <Figure
        name={t("console.now")}
        value={overview && number(overview.deployments.reduce((sum, one) => sum + one.running, 0))}
        detail={overview && t("console.waitingNow", { count: overview.deployments.reduce((sum, one) => sum + one.waiting, 0) })}
      />
      {machine ? (
        <Figure
          name={t("console.memory")}
          value={bytes(machine.memory_bytes - machine.memory_available_bytes)}
          detail={t("console.memoryOf", { total: bytes(machine.memory_bytes) })}
        />
      ) : (
        <Figure name={t("console.images")} value={total && number(total.images)} />
      )}
    </dl>
  );
}

function Figure({ name, value, detail, course }: FigureProps) {
  const t = useT();
  const known = course?.some((number) => number);
  return (
    <div className="flex min-h-24 min-w-0 flex-col gap-1 bg-page p-3 md:p-4">
      <dt className="text-quiet">{name}</dt>
      <dd className="text-base font-semibold whitespace-nowrap tabular-nums md:text-lg">{value ?? <Skeleton className="my-1.5 w-16" />}</dd>
      <dd className="flex min-w-0 items-end justify-between gap-2 text-xs text-quiet">
        <span>{detail}</span>
        {known && course && <Sparkline values={course} label={t("console.course", { name })} className="hidden shrink-0 sm:block" />}
      </dd>
    </div>
  );
}

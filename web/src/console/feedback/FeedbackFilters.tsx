import { useT } from "@/i18n";
import { useModels } from "@/parts/models";
import { Pick } from "../Choice";
import { ProjectPick } from "../ProjectPick";
import { SINCE } from "../runs/runs";
import { type Filters, type Row, VERDICTS } from "./feedback";
import { REASONS, useReason } from "./words";

type FeedbackFiltersProps = { filters: Filters; seen: readonly Row[]; onChange: (changes: Partial<Filters>) => void };

/** What one looks for. Products and reasons may be any: those offered are ours, and those of the rows in sight. */
export function FeedbackFilters({ filters, seen, onChange }: FeedbackFiltersProps) {
  const t = useT();
  const reason = useReason();
  const models = useModels().data?.data ?? [];
  const any = { value: "", name: t("console.any") };
  const offered = (chosen: string, ...values: readonly string[][]) => [...new Set([...values.flat(), chosen])].filter(Boolean).sort();
  const reasons = offered(filters.reason, Object.keys(REASONS), seen.flatMap((row) => row.reasons));
  const products = offered(filters.product, ["api", "chat"], seen.map((row) => row.product));
  const deployments = offered(filters.deployment, models.map((model) => model.id));
  return (
    <>
      <Pick
        label={t("inbox.verdict")}
        value={filters.verdict}
        onChange={(verdict) => onChange({ verdict })}
        options={[any, ...VERDICTS.map((value) => ({ value, name: t(`feedback.${value}`) }))]}
      />
      <Pick label={t("inbox.reason")} value={filters.reason} onChange={(next) => onChange({ reason: next })} options={[any, ...reasons.map((value) => ({ value, name: reason(value) }))]} />
      <Pick label={t("inbox.product")} value={filters.product} onChange={(product) => onChange({ product })} options={[any, ...products.map((value) => ({ value, name: value }))]} />
      <Pick label={t("console.deployment")} value={filters.deployment} onChange={(deployment) => onChange({ deployment })} options={[any, ...deployments.map((value) => ({ value, name: value }))]} />
      <ProjectPick value={filters.project} onChange={(project) => onChange({ project })} />
      <Pick
        label={t("console.range")}
        value={filters.since}
        onChange={(since) => onChange({ since })}
        options={[any, ...Object.keys(SINCE).map((value) => ({ value, name: t(`console.range.${value as "1h" | "24h" | "7d" | "30d"}`) }))]}
      />
    </>
  );
}

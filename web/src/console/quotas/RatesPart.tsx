import { Gauge } from "lucide-react";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { ConsoleError } from "../ConsolePage";
import { useRates } from "./quotas";
import { RateRow } from "./RateRow";
import { Waiting } from "./Waiting";

/** The rates of a project, a row for each model. */
export function RatesPart({ project }: { project: string }) {
  const t = useT();
  const { data, error, refetch } = useRates(project);
  if (!data && error) return <ConsoleError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Waiting />;
  if (data.length === 0) {
    return (
      <EmptyState title={t("quotas.noModels")} icon={<Gauge aria-hidden />}>
        {t("quotas.noModelsWhy")}
      </EmptyState>
    );
  }
  return (
    <ul aria-label={t("quotas.rates")} className="divide-y divide-line rounded-md border border-line">
      {data.map((rate) => (
        <RateRow key={rate.id} project={project} rate={rate} />
      ))}
    </ul>
  );
}

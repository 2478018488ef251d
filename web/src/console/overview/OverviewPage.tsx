import { useT } from "@/i18n";
import { useAddress } from "../address";
import { Choice } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { DensitySwitch } from "@/ui/DensitySwitch";
import { ProjectPick } from "../ProjectPick";
import { Deployments } from "./Deployments";
import { Figures } from "./Figures";
import { RANGES, type RangeName, useOverview } from "./overview";
import { OverviewCharts } from "./OverviewCharts";

/** How the server fares: now, and over a time. It stays up to date by itself. */
export default function OverviewPage() {
  const t = useT();
  const [{ range: named, project }, change] = useAddress(["range", "project"]);
  const range = RANGES.find((name) => name === named) ?? "24h";
  const { data, error, refetch } = useOverview(range, project);
  const choose = (next: RangeName) => change({ range: next === "24h" ? "" : next });
  return (
    <ConsoleFrame
      title={t("console.overview")}
      actions={
        <>
          <ProjectPick value={project} onChange={(next) => change({ project: next })} />
          <Choice label={t("console.range")} options={RANGES.map((value) => ({ value, name: t(`console.range.${value}`) }))} value={range} onChange={choose} />
          <DensitySwitch />
        </>
      }
    >
      {error && !data ? (
        <ConsoleError error={error} onRetry={() => void refetch()} />
      ) : (
        <>
          <Figures overview={data} />
          <Deployments overview={data} />
          {data && <OverviewCharts overview={data} />}
        </>
      )}
    </ConsoleFrame>
  );
}

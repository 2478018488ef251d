import { Download } from "lucide-react";
import { useMemo } from "react";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { DensitySwitch } from "@/ui/DensitySwitch";
import { Skeleton } from "@/ui/Skeleton";
import { useAddress } from "../address";
import { useAmounts } from "../amounts";
import { Choice, Pick } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { useNames } from "../names";
import { csvOf } from "./csv";
import { MEASURES, type Measure, UsageChart } from "./UsageChart";
import { isMonth, RANGES, rangeOf, spanOf, stepsOf } from "./ranges";
import { type Group, GROUPS, type StepName, useUsage } from "./usage";
import { UsageTable } from "./UsageTable";

/** What was used and what it cost, told apart by whatever one likes. */
export default function UsagePage() {
  const t = useT();
  const [address, change] = useAddress(["range", "step", "by", "measure"]);
  const range = rangeOf(address.range) ?? "30d";
  const { period } = useAmounts();
  const steps = stepsOf(range);
  const step = steps.find((name) => name === address.step) ?? steps[0] ?? "1d";
  const group = GROUPS.find((name) => name === address.by) ?? "model";
  const measures = MEASURES.filter((name) => step === "1d" || name !== "cost");
  const measure = measures.find((name) => name === address.measure) ?? "calls";
  const hour = Math.floor(Date.now() / 3_600_000);
  const span = useMemo(() => spanOf(range, step, new Date(hour * 3_600_000 + 1_800_000)), [range, step, hour]);
  const { data, error, refetch } = useUsage(group, span);
  const known = useNames(group);
  const nameOf = (value: string) => (group === "none" ? t("console.all") : value === "" ? t("console.nobody") : known(value));

  const download = () => {
    if (!data) return;
    const url = URL.createObjectURL(new Blob([csvOf(data, group, nameOf)], { type: "text/csv" }));
    const link = Object.assign(document.createElement("a"), { href: url, download: `usage-${range}-${group}.csv` });
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <ConsoleFrame
      title={t("console.usage")}
      actions={
        <>
          <Pick
            label={t("console.by")}
            value={group}
            onChange={(by) => change({ by: by === "model" ? "" : by })}
            options={GROUPS.map((value: Group) => ({ value, name: t(`console.by.${value}`) }))}
          />
          <Pick
            label={t("console.range")}
            value={range}
            onChange={(next) => change({ range: next === "30d" ? "" : next, step: "" })}
            options={[...(isMonth(range) ? [{ value: range, name: period(range) }] : []), ...RANGES.map((value) => ({ value, name: t(`console.range.${value}`) }))]}
          />
          {steps.length > 1 && (
            <Choice label={t("console.step")} value={step} onChange={(next: StepName) => change({ step: next })} options={steps.map((value) => ({ value, name: t(`console.step.${value}`) }))} />
          )}
          <Button className="h-8" disabled={!data} onClick={download}>
            <Download aria-hidden className="size-4" />
            {t("console.csv")}
          </Button>
          <DensitySwitch />
        </>
      }
    >
      {error && !data ? (
        <ConsoleError error={error} onRetry={() => void refetch()} />
      ) : (
        <>
          <Choice
            label={t("console.measure")}
            value={measure}
            onChange={(next: Measure) => change({ measure: next === "calls" ? "" : next })}
            options={measures.map((value) => ({ value, name: t(`console.measure.${value}`) }))}
          />
          {data ? <UsageChart usage={data} measure={measure} nameOf={nameOf} /> : <Skeleton className="h-60" />}
          <UsageTable usage={data} group={group} costs={step === "1d"} nameOf={nameOf} />
          <p className="max-w-read text-quiet">{t(step === "1d" ? "console.usageWhy" : "console.costsByDay")}</p>
        </>
      )}
    </ConsoleFrame>
  );
}

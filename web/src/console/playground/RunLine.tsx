import { useLanguage, useT } from "@/i18n";
import { CodeButton } from "./CodeButton";
import type { Run } from "./useRun";

const SHORTEST_MS = 100; // below that the speed of writing is noise

/** How long a call took and how many tokens it was; its code. Screen readers hear it once, at the end. */
export function RunLine({ run }: { run: Run }) {
  const t = useT();
  const number = new Intl.NumberFormat(useLanguage(), { maximumFractionDigits: 0 });
  const { usage } = run.made;
  const { firstMs, totalMs } = run;
  const streamed = run.call.body["stream"] === true && run.bench.tab !== "images"; // pictures do not come token by token
  const writing = usage && usage.output > 1 && firstMs !== null && totalMs !== null ? totalMs - firstMs : 0;
  const told = [
    usage && t("play.tokensIn", { count: usage.input }),
    usage && usage.output > 0 && t("play.tokensOut", { count: usage.output }),
    firstMs !== null && streamed && t("play.first", { ms: number.format(firstMs) }),
    totalMs !== null && t("play.total", { ms: number.format(totalMs) }),
    writing > SHORTEST_MS && streamed && usage && t("play.speed", { count: number.format(((usage.output - 1) / writing) * 1000) }),
  ].filter((part) => typeof part === "string");
  return (
    <div className="flex min-h-9 flex-wrap items-center justify-between gap-x-4 text-xs text-quiet tabular-nums">
      <p role="status">{run.state === "running" ? "" : told.join(" · ")}</p>
      {run.state !== "running" && <CodeButton calls={[run.call]} />}
    </div>
  );
}

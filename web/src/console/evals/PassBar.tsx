import { useT } from "@/i18n";
import { useFormats } from "../formats";
import type { EvalRun } from "./evals";

/** How many of a run's rows pass, as a share; what could not be graded stands apart. */
export function PassBar({ counts: { total, passed, errored } }: { counts: EvalRun["result_counts"] }) {
  const t = useT();
  const { percent } = useFormats();
  if (total === 0) return <span className="text-quiet">–</span>;
  const share = passed / total;
  return (
    <span className="flex items-center gap-2">
      <span aria-hidden className="flex h-2 w-16 shrink-0 overflow-hidden rounded-sm bg-chosen">
        <span className="bg-good" style={{ width: `${100 * share}%` }} />
        <span className="bg-warn" style={{ width: `${(100 * errored) / total}%` }} />
      </span>
      <span>{percent(share)}</span>
      {errored > 0 && <span className="truncate text-warn">{t.count("evals.errors", errored)}</span>}
    </span>
  );
}

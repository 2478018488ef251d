import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import type { State } from "./jobs";

const TONES: Partial<Record<State, string>> = {
  completed: "bg-good",
  succeeded: "bg-good",
  failed: "bg-bad",
  expired: "bg-bad",
  cancelled: "bg-line-strong",
  paused: "bg-warn",
};

/** How far something is, in a word and a dot. */
export function StateMark({ state }: { state: State }) {
  const t = useT();
  return (
    <span className="inline-flex items-center gap-2">
      <span aria-hidden className={cx("size-2 shrink-0 rounded-full", TONES[state] ?? "bg-accent")} />
      {t(`jobs.state.${state}`)}
    </span>
  );
}

import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import type { State } from "./lessons";

const TONES: Partial<Record<State, string>> = { promoted: "bg-good", failed: "bg-bad", rolled_back: "bg-line-strong", waiting: "bg-warn" };

/** How far a lesson is, in a word and a dot. */
export function StateMark({ state }: { state: State }) {
  const t = useT();
  return (
    <span className="inline-flex items-center gap-2">
      <span aria-hidden className={cx("size-2 shrink-0 rounded-full", TONES[state] ?? "bg-accent")} />
      {t(`lessons.state.${state}`)}
    </span>
  );
}

import { useT } from "@/i18n";
import { StateDot } from "../StateDot";
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
  return <StateDot tone={TONES[state]} name={t(`jobs.state.${state}`)} />;
}

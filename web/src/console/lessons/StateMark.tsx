import { useT } from "@/i18n";
import { StateDot } from "../StateDot";
import type { State } from "./lessons";

const TONES: Partial<Record<State, string>> = { promoted: "bg-good", failed: "bg-bad", rolled_back: "bg-line-strong", waiting: "bg-warn" };

/** How far a lesson is, in a word and a dot. */
export function StateMark({ state }: { state: State }) {
  const t = useT();
  return <StateDot tone={TONES[state]} name={t(`lessons.state.${state}`)} />;
}

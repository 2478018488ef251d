import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import { type State, WAY } from "./lessons";
import { StateMark } from "./StateMark";

/** The steps of a lesson, those behind it marked; where it ended otherwise, that alone. */
export function Way({ state }: { state: State }) {
  const t = useT();
  const here = WAY.indexOf(state);
  if (here < 0)
    return (
      <p role="status">
        <StateMark state={state} />
      </p>
    );
  return (
    <ol aria-label={t("lessons.way")} className="flex flex-wrap gap-x-1 gap-y-2">
      {WAY.map((step, place) => (
        <li
          key={step}
          aria-current={step === state ? "step" : undefined}
          className={cx("rounded-full px-3 py-1", step === state ? "bg-chosen font-medium" : place < here ? "text-ink" : "text-quiet")}
        >
          {place + 1}. {t(`lessons.state.${step}`)}
        </li>
      ))}
    </ol>
  );
}

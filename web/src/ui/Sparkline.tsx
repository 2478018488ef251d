import { linePath } from "./chartScale";
import { cx } from "./classes";

const WIDTH = 96;
const HEIGHT = 24;

/** The course of a number, in the size of a word. `label` says the same in words. */
export function Sparkline({ values, label, className }: { values: readonly (number | null)[]; label: string; className?: string }) {
  const most = Math.max(1e-12, ...values.map((value) => value ?? 0));
  const path = linePath(
    values,
    (index) => 1 + (index / Math.max(1, values.length - 1)) * (WIDTH - 2),
    (value) => HEIGHT - 2 - (value / most) * (HEIGHT - 4),
  );
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={cx("h-6 w-24", className)}>
      <path d={path} fill="none" stroke="var(--accent)" strokeWidth={1.5} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

import { useT } from "@/i18n";
import { cx } from "./classes";
import { colourOf } from "./chartSeries";

export type Step = {
  name: string;
  /** As it is written: exact. */
  amount: string;
  /** Where its bar begins and ends, as shares of the drawing's width. */
  from: number;
  to: number;
  /** What came in, what went out, where the sums stand, or who got it (a number: their colour). */
  look: "in" | "out" | "sum" | number;
};

const FILLS = { in: "var(--good)", out: "var(--bad)", sum: "var(--quiet)" };

type WaterfallProps = { title: string; steps: readonly Step[]; zero: number };

/** From what came in down to who got it: each bar begins where the one before it ended. The drawing is a table. */
export function Waterfall({ title, steps, zero }: WaterfallProps) {
  const t = useT();
  return (
    <table aria-label={title} className="w-full border-collapse tabular-nums">
      <thead className="sr-only">
        <tr>
          <th scope="col">{t("chart.step")}</th>
          <th scope="col">{t("chart.bar")}</th>
          <th scope="col">{t("chart.amount")}</th>
        </tr>
      </thead>
      <tbody>
        {steps.map((step, index) => (
          <tr key={step.name} className={cx(step.look === "sum" && "font-semibold")}>
            <th scope="row" className={cx("w-24 py-1 pe-3 text-start [overflow-wrap:anywhere] sm:w-56", step.look === "sum" ? "font-semibold" : "font-normal")}>
              {step.name}
            </th>
            <td className="py-1">
              <Bar step={step} next={steps[index + 1]} zero={zero} />
            </td>
            <td className="w-px py-1 ps-3 text-end whitespace-nowrap">{step.amount}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const WIDTH = 1000;
const THINNEST = 4; // a bar of next to nothing is still to be seen

function Bar({ step, next, zero }: { step: Step; next: Step | undefined; zero: number }) {
  const [left, right] = [Math.min(step.from, step.to) * WIDTH, Math.max(step.from, step.to) * WIDTH];
  const fill = typeof step.look === "number" ? colourOf(step.look) : FILLS[step.look];
  return (
    <svg aria-hidden viewBox={`0 0 ${WIDTH} 28`} preserveAspectRatio="none" className="block h-7 w-full overflow-visible">
      <line x1={zero * WIDTH} x2={zero * WIDTH} y1={-4} y2={32} stroke="var(--line-strong)" vectorEffect="non-scaling-stroke" />
      <rect x={Math.min(left, WIDTH - THINNEST)} width={Math.max(right - left, THINNEST)} y={3} height={22} fill={fill} />
      {next && <line x1={step.to * WIDTH} x2={step.to * WIDTH} y1={25} y2={35} stroke="var(--quiet)" vectorEffect="non-scaling-stroke" />}
    </svg>
  );
}

import type { ChartProps } from "./Chart";
import { labelled, linePath, niceTicks } from "./chartScale";
import { type Chosen, colourOf, dashesOf, stackedSums } from "./chartSeries";

const TOP = 8;
const BOTTOM = 22;
const WORD = 84; // pixels that a place's word needs

/** What is left free beside the drawing, for words. */
export function edgesOf(width: number): { left: number; right: number } {
  return { left: width < 420 ? 44 : 56, right: 8 };
}

type DrawingProps = Pick<ChartProps, "kind" | "places" | "series" | "format"> & { width: number; height: number; at: Chosen };

/** The picture of a chart; everything it says is said in words elsewhere. */
export function ChartDrawing({ kind, places, series, format, width, height, at }: DrawingProps) {
  const { left, right } = edgesOf(width);
  const inner = { width: Math.max(1, width - left - right), height: height - TOP - BOTTOM };
  const count = Math.max(1, places.length);
  const sums = kind === "bars" ? stackedSums(series, places.length) : series.flatMap(({ values }) => values.map((value) => value ?? 0));
  const ticks = niceTicks(Math.max(0, ...sums), 4);
  const most = ticks.at(-1) ?? 1;
  const middle = (index: number) => left + ((index + 0.5) / count) * inner.width;
  const y = (value: number) => TOP + inner.height * (1 - value / most);
  return (
    <svg aria-hidden width={width} height={height} className="absolute inset-0 overflow-visible text-xs">
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={left} x2={width - right} y1={y(tick)} y2={y(tick)} stroke="var(--line)" />
          <text x={left - 8} y={y(tick)} dy="0.32em" textAnchor="end" fill="var(--quiet)" className="tabular-nums">
            {format(tick)}
          </text>
        </g>
      ))}
      {labelled(places.length, inner.width, WORD).map((index) => (
        <text key={index} x={Math.min(middle(index), width - WORD / 2)} y={height - 4} textAnchor="middle" fill="var(--quiet)">
          {places[index]}
        </text>
      ))}
      {at !== null && <rect x={left + (at / count) * inner.width} y={TOP} width={inner.width / count} height={inner.height} fill="var(--chosen)" />}
      {kind === "bars" ? (
        <Bars series={series} count={count} left={left} width={inner.width} y={y} />
      ) : (
        series.map(({ name, values }, index) => (
          <path
            key={name}
            d={linePath(values, middle, y)}
            fill="none"
            stroke={colourOf(index)}
            strokeWidth={1.75}
            strokeLinecap="round"
            strokeLinejoin="round"
            strokeDasharray={dashesOf(index)}
          />
        ))
      )}
      {at !== null &&
        kind === "lines" &&
        series.map(({ name, values }, index) => {
          const value = values[at] ?? null;
          return value !== null && <circle key={name} cx={middle(at)} cy={y(value)} r={3.5} fill={colourOf(index)} stroke="var(--page)" />;
        })}
    </svg>
  );
}

type BarsProps = { series: DrawingProps["series"]; count: number; left: number; width: number; y: (value: number) => number };

function Bars({ series, count, left, width, y }: BarsProps) {
  const step = width / count;
  const bar = Math.max(1, Math.min(step - 1, step * 0.8, 40));
  const bases = Array.from({ length: count }, () => 0);
  return series.map(({ name, values }, place) => {
    let path = "";
    for (const [index, value] of values.entries()) {
      const from = bases[index];
      if (!value || from === undefined) continue;
      bases[index] = from + value;
      const x = left + (index + 0.5) * step - bar / 2;
      path += `M${x.toFixed(1)} ${y(from).toFixed(1)}h${bar.toFixed(1)}V${y(from + value).toFixed(1)}h${(-bar).toFixed(1)}Z`;
    }
    return <path key={name} d={path} fill={colourOf(place)} />;
  });
}

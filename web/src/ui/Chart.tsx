import { type KeyboardEvent, type PointerEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { useT } from "@/i18n";
import { ChartDrawing, edgesOf } from "./ChartDrawing";
import { type Chosen, colourOf, dashesOf, type Series } from "./chartSeries";

export type { Series } from "./chartSeries";

export type ChartProps = {
  title: string;
  kind: "lines" | "bars";
  /** One for each place along the bottom, as it is written there, and (longer) where a place is told by itself. */
  places: readonly string[];
  placesInFull?: readonly string[];
  /** What the places are; left out: times. */
  along?: string;
  /** Bars stand on each other. null = nothing known. Six series at most can be told apart. */
  series: readonly Series[];
  format: (value: number) => string;
  height?: number;
};

/** Numbers over time. A pointer, a finger or the arrow keys tell the values of a place; a table tells all of them. */
export function Chart({ title, kind, places, placesInFull = places, along, series, format, height = 180 }: ChartProps) {
  const t = useT();
  const heading = useId();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [chosen, setChosen] = useState<Chosen>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const resized = new ResizeObserver(() => setWidth(element.clientWidth));
    resized.observe(element);
    setWidth(element.clientWidth);
    return () => resized.disconnect();
  }, []);
  const last = places.length - 1;
  const at = chosen === null ? null : Math.min(chosen, last);
  const told = (index: number) =>
    [placesInFull[index], ...series.map(({ name, values }) => `${name} ${shown(values[index], format)}`)].join(", ");

  const onPointer = (event: PointerEvent<HTMLElement>) => {
    const { left, width: whole } = event.currentTarget.getBoundingClientRect();
    const edges = edgesOf(whole);
    const share = (event.clientX - left - edges.left) / (whole - edges.left - edges.right);
    setChosen(Math.max(0, Math.min(last, Math.floor(share * places.length))));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const from = at ?? last;
    const next = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last, PageUp: from - 10, PageDown: from + 10 }[event.key];
    if (event.key === "Escape") setChosen(null);
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setChosen(Math.max(0, Math.min(last, next)));
  };
  return (
    <figure className="flex min-w-0 flex-col gap-2">
      <figcaption className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <span id={heading} className="font-medium">
          {title}
        </span>
        <Legend kind={kind} series={series} at={at} format={format} />
      </figcaption>
      <div
        ref={box}
        role="slider"
        tabIndex={0}
        aria-labelledby={heading}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={at ?? Math.max(0, last)}
        aria-valuetext={last < 0 ? t("chart.empty") : told(at ?? last)}
        onPointerMove={onPointer}
        onPointerDown={onPointer}
        onPointerLeave={(event) => event.pointerType === "mouse" && setChosen(null)}
        onKeyDown={onKeyDown}
        onBlur={() => setChosen(null)}
        className="relative touch-pan-y rounded-sm"
        style={{ height }}
      >
        {width > 0 && <ChartDrawing kind={kind} places={places} series={series} format={format} width={width} height={height} at={at} />}
        {at !== null && <p className="pointer-events-none absolute top-0 right-2 rounded-sm bg-raised px-1 text-xs text-quiet">{placesInFull[at]}</p>}
      </div>
      <AsTable title={title} along={along ?? t("chart.time")} places={placesInFull} series={series} format={format} />
    </figure>
  );
}

function shown(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}

type Told = Pick<ChartProps, "kind" | "series" | "format"> & { at: Chosen };

/** What each colour is; while a place is chosen, with its values. */
function Legend({ kind, series, at, format }: Told) {
  return (
    <span aria-hidden className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-quiet">
      {series.map(({ name, values }, index) => (
        <span key={name} className="inline-flex items-center gap-1.5">
          <svg viewBox="0 0 16 8" className="h-2 w-4">
            {kind === "lines" ? (
              <line x1={0} x2={16} y1={4} y2={4} stroke={colourOf(index)} strokeWidth={2} strokeDasharray={dashesOf(index)} />
            ) : (
              <rect width={16} height={8} rx={2} fill={colourOf(index)} />
            )}
          </svg>
          <span className="max-w-40 truncate">{name}</span>
          {at !== null && <span className="text-ink tabular-nums">{shown(values[at], format)}</span>}
        </span>
      ))}
    </span>
  );
}

function AsTable({ title, along, places, series, format }: Pick<ChartProps, "title" | "series" | "format"> & { along: string; places: readonly string[] }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  return (
    <details className="text-xs" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="w-fit cursor-pointer rounded-sm text-quiet hover:text-ink coarse:py-3">
        {t("chart.table")}
        <span className="sr-only"> {title}</span>
      </summary>
      {open && (
        <div role="region" aria-label={title} tabIndex={0} className="mt-2 max-h-60 overflow-auto rounded-sm border border-line">
          <table className="w-full border-collapse tabular-nums">
            <thead>
              <tr>
                <th scope="col" className="sticky top-0 bg-side px-2 py-1 text-start font-medium">
                  {along}
                </th>
                {series.map(({ name }) => (
                  <th key={name} scope="col" className="sticky top-0 bg-side px-2 py-1 text-end font-medium">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {places.map((place, index) => (
                <tr key={place} className="border-t border-line">
                  <th scope="row" className="px-2 py-1 text-start font-normal whitespace-nowrap">
                    {place}
                  </th>
                  {series.map(({ name, values }) => (
                    <td key={name} className="px-2 py-1 text-end">
                      {shown(values[index], format)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

import type { ReactNode } from "react";
import { useT } from "@/i18n";
import { useFormats } from "../formats";
import type { Lesson, Side } from "./lessons";

/** What serves, and what might: the gate's figures and what people think of the answers of both. */
export function Sides({ lesson: { incumbent, candidate } }: { lesson: Lesson }) {
  const t = useT();
  const { number, percent } = useFormats();
  const rows: [string, (side: Side) => ReactNode][] = [
    [t("lessons.model"), (side) => side.model],
    [t("lessons.figure"), (side) => (side.gate === null ? "–" : t("lessons.figureOf", { figure: percent(side.gate), count: number(side.graded) }))],
    [t("lessons.flagged"), (side) => (side.flagged === null ? "–" : number(side.flagged))],
    [t("lessons.up"), (side) => number(side.up)],
    [t("lessons.down"), (side) => number(side.down)],
    [t("lessons.downShare"), (side) => <Interval key="interval" side={side} />],
  ];
  return (
    <div className="overflow-x-auto rounded-md border border-line" tabIndex={0} role="group" aria-label={t("lessons.both")}>
      <table className="w-full min-w-[20rem] [&_td]:px-2 [&_td]:py-2 [&_th]:px-2 [&_th]:py-2 md:[&_td]:px-3 md:[&_th]:px-3">
        <caption className="sr-only">{t("lessons.both")}</caption>
        <thead>
          <tr className="border-b border-line text-left">
            <td />
            <th scope="col" className="font-medium">
              {t("lessons.incumbent")}
            </th>
            <th scope="col" className="font-medium">
              {t("lessons.candidate")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, cell]) => (
            <tr key={name} className="border-b border-line last:border-b-0">
              <th scope="row" className="text-left font-normal text-quiet">
                {name}
              </th>
              <td className="break-words tabular-nums">{cell(incumbent)}</td>
              <td className="break-words tabular-nums">{candidate ? cell(candidate) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The share of thumbs down with its interval, drawn from 0 to all. */
function Interval({ side: { up, down, down_low, down_high } }: { side: Side }) {
  const { percent } = useFormats();
  if (up + down === 0) return "–";
  return (
    <span className="flex flex-wrap items-center gap-x-3">
      <span aria-hidden className="relative h-2 w-16 shrink-0 md:w-24 rounded-sm bg-chosen">
        <span className="absolute h-2 rounded-sm bg-accent/40" style={{ left: `${100 * down_low}%`, width: `${100 * (down_high - down_low)}%` }} />
        <span className="absolute h-2 w-0.5 bg-ink" style={{ left: `${(100 * down) / (up + down)}%` }} />
      </span>
      {percent(down / (up + down))} [{percent(down_low)} – {percent(down_high)}]
    </span>
  );
}

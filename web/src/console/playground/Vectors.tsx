import { useLanguage, useT } from "@/i18n";
import { cosine, lengthOf } from "./vectors";

type VectorsProps = { vectors: readonly (readonly number[])[]; texts: readonly string[] };

/** How alike texts are, each with each; and what a vector looks like. */
export function Vectors({ vectors, texts }: VectorsProps) {
  const t = useT();
  const number = new Intl.NumberFormat(useLanguage(), { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "negative" });
  if (vectors.length === 0) return <p className="animate-pulse text-quiet">{t("play.asking")}</p>;
  return (
    <div className="flex min-w-0 flex-col gap-6">
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={t("play.similarity")}>
        <table className="border-separate border-spacing-0.5 text-sm tabular-nums">
          <caption className="pb-2 text-start whitespace-nowrap text-quiet">{t("play.similarity")}</caption>
          <thead>
            <tr>
              <td />
              {vectors.map((_, index) => (
                <th key={index} scope="col" className="font-medium text-quiet">
                  {index + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {vectors.map((row, index) => (
              <tr key={index}>
                <th scope="row" className="max-w-48 truncate pr-3 text-start font-normal" title={texts[index]}>
                  <span className="text-quiet">{index + 1}</span> {texts[index]}
                </th>
                {vectors.map((column, place) => {
                  const alike = cosine(row, column);
                  return (
                    <td key={place} className="h-9 min-w-14 rounded-sm text-center" style={{ background: `color-mix(in oklab, var(--accent) ${Math.round(Math.max(0, alike) * 45)}%, transparent)` }}>
                      {number.format(alike)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul className="flex min-w-0 flex-col gap-3">
        {vectors.map((vector, index) => (
          <li key={index} className="min-w-0">
            <p className="flex justify-between gap-4 text-sm">
              <span className="truncate">
                <span className="text-quiet">{index + 1}</span> {texts[index]}
              </span>
              <span className="shrink-0 text-quiet tabular-nums">{t("play.dimensions", { count: vector.length, length: number.format(lengthOf(vector)) })}</span>
            </p>
            <Strip vector={vector} />
            <details>
              <summary className="text-xs text-quiet">{t("play.numbers")}</summary>
              <code className="block max-h-40 overflow-auto font-mono text-xs break-all" tabIndex={0}>
                [{vector.map((value) => value.toFixed(4)).join(", ")}]
              </code>
            </details>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Every number of a vector as a line, up or down. */
function Strip({ vector }: { vector: readonly number[] }) {
  const most = Math.max(...vector.map(Math.abs), Number.MIN_VALUE);
  const lines = vector.map((value, index) => `M${index + 0.5} 0V${(-value / most).toFixed(3)}`).join("");
  return (
    <svg aria-hidden viewBox={`0 -1 ${vector.length} 2`} preserveAspectRatio="none" className="h-8 w-full text-accent">
      <path d={lines} stroke="currentColor" strokeWidth={0.8} fill="none" />
    </svg>
  );
}

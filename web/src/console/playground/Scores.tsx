import { useLanguage, useT } from "@/i18n";

type ScoresProps = { scores: readonly number[]; answers: readonly string[] };

/** Answers from the best to the worst, as a reward model likes them. */
export function Scores({ scores, answers }: ScoresProps) {
  const t = useT();
  const number = new Intl.NumberFormat(useLanguage(), { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" });
  if (scores.length === 0) return <p className="animate-pulse text-quiet">{t("play.asking")}</p>;
  const ranked = scores.map((score, index) => ({ score, index })).sort((one, other) => other.score - one.score);
  const best = ranked[0]?.score ?? 0;
  const range = Math.max(best - (ranked.at(-1)?.score ?? 0), Number.EPSILON);
  return (
    <>
      <ol className="flex flex-col gap-3">
        {ranked.map(({ score, index }) => (
          <li key={index} className="min-w-0">
            <p className="flex justify-between gap-4">
              <span className="min-w-0 break-words">
                <span className="text-quiet tabular-nums">{index + 1}</span> {answers[index]}
              </span>
              <span className="shrink-0 font-medium tabular-nums">{number.format(score)}</span>
            </p>
            <span aria-hidden className="mt-1 block h-2 rounded-sm bg-accent" style={{ width: `${4 + ((score - best + range) / range) * 96}%` }} />
          </li>
        ))}
      </ol>
      <p className="text-xs text-quiet">{t("play.scoresWhy")}</p>
    </>
  );
}

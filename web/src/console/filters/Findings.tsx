import { CircleCheck, CircleX, TriangleAlert } from "lucide-react";
import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import { useFormats } from "../formats";
import { HARMS, type Policy, type Rule, type Trial, type Tried } from "./filters";
import { useCategoryName } from "./words";

const MOST = 7;

/** What was found in a text: whether it passes, how severe it is by category, and which rules it meets. */
export function Findings({ policy, side, trial, busy }: { policy: Policy | null; side: Tried; trial: Trial; busy: boolean }) {
  const t = useT();
  const named = useCategoryName();
  const { percent } = useFormats();
  const { blocked, results, severities, scores, rules, outage } = trial;
  const screen = policy?.[side === "output" ? "output" : "prompt"];
  const Sign = blocked ? CircleX : CircleCheck;
  const likely: readonly Rule[] = side === "output" ? ["profanity"] : ["profanity", side === "document" ? "indirect_attack" : "jailbreak"]; // a probability, no severity
  const scored = (category: Rule) => scores?.[category === "profanity" ? category : "jailbreak"] ?? 0;
  const filtered = (category: string) => results[category]?.filtered === true;
  return (
    <div className="flex min-w-0 flex-col gap-4" aria-busy={busy}>
      <p role="status" className={cx("flex items-center gap-2 rounded-sm px-3 py-2 font-medium", blocked ? "bg-bad-wash text-bad" : "bg-page text-good")}>
        <Sign aria-hidden className="size-4 shrink-0" />
        {t(blocked ? "filters.blocked" : "filters.passes")}
      </p>
      {outage && (
        <p className="flex gap-2 rounded-sm bg-warn-wash px-3 py-2 text-warn">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
          <span className="min-w-0 break-words">{t("filters.outage", { why: outage })}</span>
        </p>
      )}
      {severities && scores && (
        <ul className="flex flex-col gap-2">
          {HARMS.map((harm) => (
            <Line key={harm} name={named(harm)} share={severities[harm] / MOST} value={t(`filters.level.${levelOf(severities[harm])}`)} bad={filtered(harm)} does={screen ? t(`filters.does.${screen[harm]}`) : ""} />
          ))}
          {likely.map((category) => (
            <Line key={category} name={named(category)} share={scored(category)} value={percent(scored(category))} bad={filtered(category)} does={screen ? t(`filters.does.${screen[category]}`) : ""} />
          ))}
        </ul>
      )}
      {results["protected_material_text"]?.detected && <p className={cx(filtered("protected_material_text") && "text-bad")}>{t("filters.repeats")}</p>}
      {rules.length > 0 && (
        <div className="flex flex-col gap-2">
          <h3 className="font-medium">{t("filters.rulesMet")}</h3>
          <ul className="flex flex-col gap-1.5">
            {rules.map((hit, place) => (
              <li key={place} className={cx("min-w-0 break-words", filtered(hit.category) && "text-bad")}>
                {named(hit.category)}
                {hit.rule === "words" ? ` · ${t("filters.byWords")}` : ` · ${hit.rule}`}
                {hit.found && (
                  <>
                    {": "}
                    <code className="font-mono text-xs">{hit.found}</code>
                  </>
                )}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function levelOf(severity: number): "safe" | "low" | "medium" | "high" {
  return (["safe", "low", "medium", "high"] as const)[Math.min(3, Math.floor(severity / 2))] ?? "safe";
}

type LineProps = { name: string; share: number; value: string; bad: boolean; does: string };

function Line({ name, share, value, bad, does }: LineProps) {
  return (
    <li className="grid grid-cols-[7rem_1fr_auto] items-center gap-x-3">
      <span className="truncate">{name}</span>
      <span aria-hidden className="flex h-2 overflow-hidden rounded-sm bg-chosen">
        <span className={bad ? "bg-bad" : "bg-accent"} style={{ width: `${100 * share}%` }} />
      </span>
      <span className={cx("min-w-24 text-end tabular-nums", bad && "font-medium text-bad")}>
        {value}
        {does && <span className="ms-1.5 text-xs text-quiet">{does}</span>}
      </span>
    </li>
  );
}

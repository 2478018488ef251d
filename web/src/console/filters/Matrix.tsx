import type { ReactNode } from "react";
import { useT } from "@/i18n";
import { Choice } from "../Choice";
import { ATTACKS, HARMS, type Policy, PROTECTED, type Rule, RULES, SIDES, type Screen, type Side } from "./filters";
import type { Wrong } from "./PolicyEditor";
import { useCategoryName, useChoices } from "./words";

type MatrixProps = { policy: Policy; wrong: Wrong; onChange: (policy: Policy) => void };

/** What is looked for: a row for each category, prompts and answers beside each other. */
export function Matrix({ policy, wrong, onChange }: MatrixProps) {
  const t = useT();
  const named = useCategoryName();
  const { strictnesses, actions } = useChoices();
  const change = (side: Side, changes: Partial<Screen>) => onChange({ ...policy, [side]: { ...policy[side], ...changes } });
  const label = (category: string, side: Side) => t("filters.of", { category: named(category), side: t(`filters.side.${side}`) });
  const told = wrong && /^(prompt|output)\b/.test(wrong.field) ? wrong.message : null;
  return (
    <section className="flex min-w-0 flex-col gap-3">
      <h2 className="text-base font-semibold">{t("filters.categories")}</h2>
      <p className="max-w-read text-quiet">{t("filters.categoriesWhy")}</p>
      <div className="min-w-0 rounded-md border border-line">
        <div aria-hidden className="hidden gap-4 border-b border-line bg-side px-4 py-2 font-medium text-quiet md:grid md:grid-cols-[8.5rem_1fr_1fr]">
          <span />
          {SIDES.map((side) => (
            <span key={side}>{t(`filters.side.${side}`)}</span>
          ))}
        </div>
        {HARMS.map((harm) => (
          <Row key={harm} name={named(harm)}>
            {SIDES.map((side) => (
              <Cell key={side} side={side}>
                <Choice label={label(harm, side)} options={strictnesses} value={policy[side][harm]} onChange={(value) => change(side, { [harm]: value })} />
              </Cell>
            ))}
          </Row>
        ))}
        {[...RULES, ...ATTACKS, PROTECTED].map((rule) => (
          <Row key={rule} name={named(rule)}>
            {SIDES.map((side) =>
              meant(rule, side) ? (
                <Cell key={side} side={side}>
                  <Choice label={label(rule, side)} options={actions} value={policy[side][rule]} onChange={(value) => change(side, { [rule]: value })} />
                </Cell>
              ) : (
                <span key={side} className="hidden md:block" />
              ),
            )}
          </Row>
        ))}
      </div>
      {told && (
        <p role="alert" className="text-bad">
          {told}
        </p>
      )}
    </section>
  );
}

/** Whether a rule is for that side: attacks stand in prompts, repetitions in answers. */
function meant(rule: Rule, side: Side): boolean {
  return side === "prompt" ? rule !== PROTECTED : !(ATTACKS as readonly Rule[]).includes(rule);
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid min-w-0 gap-x-4 gap-y-2 border-b border-line px-4 py-3 last:border-b-0 md:grid-cols-[8.5rem_1fr_1fr] md:items-center md:py-2">
      <span className="font-medium">{name}</span>
      {children}
    </div>
  );
}

function Cell({ side, children }: { side: Side; children: ReactNode }) {
  const t = useT();
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span aria-hidden className="text-xs text-quiet md:hidden">
        {t(`filters.side.${side}`)}
      </span>
      {children}
    </div>
  );
}

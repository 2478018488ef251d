import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import { useFormats } from "../formats";
import type { Budget } from "./quotas";

const NEAR = 0.8;

/** How much of a month's budget is spent: a bar, and the same in words. */
export function SpentBar({ budget, spent, name }: { budget: Budget; spent: number; name: string }) {
  const t = useT();
  const { money, percent } = useFormats();
  const whole = budget.threshold_amount / 100;
  const share = whole > 0 ? spent / whole : 1;
  const told = t("quotas.spent", { spent: money({ value: spent, currency: budget.currency }), budget: money({ value: whole, currency: budget.currency }), share: percent(share) });
  return (
    <div className="flex flex-col gap-2">
      <p className="tabular-nums">{told}</p>
      <div role="meter" aria-label={name} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.min(100, Math.round(share * 100))} aria-valuetext={told} className="h-2 overflow-hidden rounded-full bg-chosen">
        <div className={cx("h-full rounded-full", share >= 1 ? "bg-bad" : share >= NEAR ? "bg-warn" : "bg-accent")} style={{ width: `${Math.min(100, share * 100)}%` }} />
      </div>
      {share >= 1 && <p className="text-bad">{t("quotas.usedUp")}</p>}
    </div>
  );
}

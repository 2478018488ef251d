import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/Field";
import { problemsOf } from "./problems";
import { type Budget, useBudgetActs } from "./quotas";

type BudgetFormProps = { project: string; name: string; budget: Budget | null; currency: string; onDone: () => void };

/** A month's budget, in money. */
export function BudgetForm({ project, name, budget, currency: first, onDone }: BudgetFormProps) {
  const t = useT();
  const told = useErrorText();
  const { set } = useBudgetActs(project);
  const [amount, setAmount] = useState(budget ? (budget.threshold_amount / 100).toFixed(2) : "");
  const [currency, setCurrency] = useState(first);
  const [unreadable, setUnreadable] = useState(false);
  const problems = problemsOf(set.error, told(set.error), { threshold_amount: "a budget of", currency: "currency" });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const cents = centsOf(amount);
    setUnreadable(cents === null);
    if (cents === null) return;
    // Where there was none, or a soft one (which is not told here), there is no way back but the button.
    const undo = budget && (() => void set.mutateAsync(budget).catch((error: unknown) => toast({ text: told(error), bad: true })));
    set.mutate({ currency: currency.trim().toUpperCase(), threshold_amount: cents }, {
      onSuccess: () => {
        toast({ text: t("quotas.budgetSet", { name }), ...(undo && { undo }) });
        onDone();
      },
    });
  };
  return (
    <form noValidate onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && onDone()} className="flex flex-col gap-3">
      <div className="flex flex-wrap items-start gap-3">
        <TextField
          label={t("quotas.amount")}
          inputMode="decimal"
          autoComplete="off"
          autoFocus
          value={amount}
          onChange={(event) => setAmount(event.target.value)}
          error={unreadable ? t("quotas.unreadable") : problems.of.threshold_amount}
          className="w-48 max-w-full grow sm:grow-0"
        />
        <TextField label={t("quotas.currency")} autoComplete="off" maxLength={3} value={currency} onChange={(event) => setCurrency(event.target.value)} error={problems.of.currency} className="w-28 grow sm:grow-0" />
      </div>
      <p className="max-w-read text-quiet">{t("quotas.currencyHint")}</p>
      {problems.other && (
        <p role="alert" className="text-bad">
          {problems.other}
        </p>
      )}
      <div className="flex gap-2">
        <Button type="submit" look="primary" busy={set.isPending}>
          {t("common.save")}
        </Button>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
      </div>
    </form>
  );
}

/** "1 250", "250.5" or "250,50" in cents; null for what is no amount: a wrong guess would be somebody's money. */
function centsOf(text: string): number | null {
  const found = /^(\d{1,12})(?:[.,](\d{1,2}))?$/.exec(text.replace(/\s/g, ""));
  return found ? Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0")) : null;
}

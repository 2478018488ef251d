import { useState } from "react";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { ConsoleError } from "../ConsolePage";
import { useFormats } from "../formats";
import { BudgetForm } from "./BudgetForm";
import { type Budget, useBudget, useSpent } from "./quotas";
import { RemoveBudgetDialog } from "./RemoveBudgetDialog";
import { SpentBar } from "./SpentBar";
import { Waiting } from "./Waiting";

type BudgetPartProps = { project: string; name: string };

/** A hard monthly budget and what is spent of it. `project` "": the organisation's. */
export function BudgetPart({ project, name }: BudgetPartProps) {
  const budget = useBudget(project);
  const spent = useSpent(project);
  const again = () => {
    void budget.refetch();
    void spent.refetch();
  };
  return (
    <section aria-label={name} className="flex min-w-0 flex-col gap-3 rounded-md border border-line p-4">
      <h3 className="font-medium break-words">{name}</h3>
      {budget.data !== undefined && spent.data ? (
        <Known project={project} name={name} budget={budget.data} spent={spent.data} />
      ) : budget.error || spent.error ? (
        <ConsoleError error={budget.error ?? spent.error} onRetry={again} />
      ) : (
        <Waiting />
      )}
    </section>
  );
}

type KnownProps = BudgetPartProps & { budget: Budget | null; spent: ReadonlyMap<string, number> };

function Known({ project, name, budget, spent }: KnownProps) {
  const t = useT();
  const { money } = useFormats();
  const [doing, setDoing] = useState<"change" | "remove" | null>(null);
  const [back, setBack] = useState(false); // the form was there: the focus goes back to what opened it
  const close = () => {
    setBack(doing === "change");
    setDoing(null);
  };
  const others = [...spent].filter(([currency]) => currency !== budget?.currency).map(([currency, value]) => money({ currency, value }));
  return (
    <>
      {budget ? (
        <SpentBar budget={budget} spent={spent.get(budget.currency) ?? 0} name={name} />
      ) : (
        <p className="text-quiet">{others.length ? t("quotas.noBudgetSpent", { spent: others.join(" + ") }) : t("quotas.noBudgetNothing")}</p>
      )}
      {budget && others.length > 0 && <p className="text-warn">{t("quotas.otherCurrency", { spent: others.join(" + "), currency: budget.currency })}</p>}
      {doing === "change" ? (
        <BudgetForm project={project} name={name} budget={budget} currency={budget?.currency ?? [...spent.keys()][0] ?? "USD"} onDone={close} />
      ) : (
        <div className="mt-auto flex flex-wrap gap-2">
          <Button className="h-8" autoFocus={back} onClick={() => setDoing("change")}>
            {t(budget ? "quotas.changeBudget" : "quotas.setBudget")}
          </Button>
          {budget && (
            <Button look="quiet" className="h-8" onClick={() => setDoing("remove")}>
              {t("quotas.takeAway")}
            </Button>
          )}
        </div>
      )}
      {doing === "remove" && <RemoveBudgetDialog project={project} name={name} onClose={close} />}
    </>
  );
}

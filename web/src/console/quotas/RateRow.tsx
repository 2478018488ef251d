import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/Field";
import { problemsOf } from "./problems";
import { limitOf, type Rate, type RateChanges, type RateName, RATES, useRateChange } from "./quotas";

type RateRowProps = { project: string; rate: Rate };

/** What one model may be asked in a minute and a day: told in a line, and changed where it stands. */
export function RateRow({ project, rate }: RateRowProps) {
  const t = useT();
  const [editing, setEditing] = useState<boolean | null>(null); // false: no more, so the focus goes back to the button
  const name = rate.model === "*" ? t("quotas.allTogether") : rate.model;
  const limits = RATES.flatMap((one) => {
    const limit = limitOf(rate, one);
    return limit === null ? [] : [t.count(`quotas.unit.${one}`, limit)];
  });
  return (
    <li aria-label={name} className="flex flex-col gap-4 p-4">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h3 className="font-medium break-words">{name}</h3>
          <p className="text-quiet tabular-nums">{limits.join(" · ") || t("quotas.unlimited")}</p>
        </div>
        {!editing && (
          <Button className="h-8" autoFocus={editing === false} aria-label={t("quotas.changeOf", { name })} onClick={() => setEditing(true)}>
            {t("quotas.change")}
          </Button>
        )}
      </div>
      {editing && <RateForm project={project} rate={rate} name={name} onDone={() => setEditing(false)} />}
    </li>
  );
}

function RateForm({ project, rate, name, onDone }: RateRowProps & { name: string; onDone: () => void }) {
  const t = useT();
  const told = useErrorText();
  const change = useRateChange(project);
  const [typed, setTyped] = useState(() => Object.fromEntries(RATES.map((one) => [one, String(limitOf(rate, one) ?? "")])) as Record<RateName, string>);
  const problems = problemsOf(change.error, told(change.error), Object.fromEntries(RATES.map((one) => [one, one])) as Record<RateName, RateName>);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const before = Object.fromEntries(RATES.map((one) => [one, limitOf(rate, one)])) as Record<RateName, number | null>;
    const changed = RATES.filter((one) => read(typed[one]) !== before[one]);
    if (changed.length === 0) return onDone();
    const changes: RateChanges = Object.fromEntries(changed.map((one) => [one, read(typed[one])]));
    const former: RateChanges = Object.fromEntries(changed.map((one) => [one, before[one]]));
    const undo = () => void change.mutateAsync({ id: rate.id, changes: former }).catch((error: unknown) => toast({ text: told(error), bad: true }));
    change.mutate({ id: rate.id, changes }, {
      onSuccess: () => {
        toast({ text: t("quotas.rateChanged", { name }), undo });
        onDone();
      },
    });
  };
  return (
    <form noValidate onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && onDone()} className="flex flex-col gap-4">
      <div className="grid max-w-5xl items-start gap-4 sm:grid-cols-2 lg:grid-cols-3">
        {RATES.map((one, index) => (
          <TextField
            key={one}
            label={t(`quotas.field.${one}`)}
            inputMode="numeric"
            autoComplete="off"
            autoFocus={index === 0}
            placeholder={t("quotas.noLimit")}
            value={typed[one]}
            onChange={(event) => setTyped({ ...typed, [one]: event.target.value })}
            error={problems.of[one]}
          />
        ))}
      </div>
      {problems.other && (
        <p role="alert" className="text-bad">
          {problems.other}
        </p>
      )}
      <div className="flex gap-2">
        <Button type="submit" look="primary" busy={change.isPending}>
          {t("common.save")}
        </Button>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
      </div>
    </form>
  );
}

/** What was typed: nothing is no limit; marks between thousands are read over; what is no number stays as it is. */
function read(text: string): number | string | null {
  const plain = text.replace(/[\s_’']/g, "").replace(/[,.](?=\d{3}(\D|$))/g, "");
  if (plain === "") return null;
  return Number.isFinite(Number(plain)) ? Number(plain) : text;
}

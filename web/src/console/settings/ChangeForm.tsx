import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { SelectField, TextField } from "@/ui/Field";
import { Switch } from "@/ui/Switch";
import { type Changes, type Setting, useChange, type Value } from "./settings";

const RECORDING = ["off", "metadata", "content"] as const;
const LEVELS = ["debug", "info", "warning", "error"] as const;

/** What may be changed while the server runs. In force within a second, for everybody. */
export function ChangeForm({ settings, mayChange }: { settings: readonly Setting[]; mayChange: boolean }) {
  const t = useT();
  const told = useErrorText();
  const { mutate, isPending, error } = useChange();
  const open = settings.filter(({ changeable }) => changeable);
  const now = Object.fromEntries(open.map(({ name, value }) => [name, value])) as Record<string, Value>;
  const [wanted, setWanted] = useState(now);
  const want = (changes: Record<string, Value>) => setWanted({ ...wanted, ...changes });
  const changes: Changes = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== now[name]));
  const changed = open.filter(({ origin }) => origin === "changed").map(({ name }) => name);
  const send = (asked: Changes) => mutate(asked, { onSuccess: () => toast({ text: t("house.saved") }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(changes);
  };
  return (
    <form onSubmit={submit} aria-label={t("house.change")} className="flex min-w-0 flex-col gap-4">
      <h2 className="font-semibold">{t("house.change")}</h2>
      <fieldset disabled={!mayChange} className="flex min-w-0 flex-col gap-4">
        <SelectField label={t("house.recording")} hint={t(`console.kept.${wanted["runs"] as (typeof RECORDING)[number]}`)} value={String(wanted["runs"])} onChange={(event) => want({ runs: event.target.value })}>
          {RECORDING.map((one) => (
            <option key={one} value={one}>
              {t(`house.recording.${one}`)}
            </option>
          ))}
        </SelectField>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField label={t("house.days")} type="number" min={1} max={3650} required value={String(wanted["runs_days"])} onChange={(event) => want({ runs_days: Number(event.target.value) })} />
          <TextField label={t("house.most")} type="number" min={1} required value={String(wanted["runs_most"])} onChange={(event) => want({ runs_most: Number(event.target.value) })} />
        </div>
        <Switch label={t("house.redact")} hint={t("house.redactWhy")} checked={wanted["runs_redact"] === true} onChange={(runs_redact) => mayChange && want({ runs_redact })} />
        <SelectField label={t("house.logLevel")} value={String(wanted["log_level"])} onChange={(event) => want({ log_level: event.target.value })}>
          {LEVELS.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </SelectField>
      </fieldset>
      {error && (
        <p role="alert" className="text-bad">
          {told(error)}
        </p>
      )}
      {mayChange ? (
        <div className="flex flex-wrap justify-end gap-2">
          {changed.length > 0 && (
            <Button onClick={() => send(Object.fromEntries(changed.map((name) => [name, null])))}>{t("house.reset")}</Button>
          )}
          <Button look="primary" type="submit" busy={isPending} disabled={Object.keys(changes).length === 0}>
            {t("house.save")}
          </Button>
        </div>
      ) : (
        <p className="text-quiet">{t("house.ownersOnly")}</p>
      )}
    </form>
  );
}

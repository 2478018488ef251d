import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { SelectField, TextField } from "@/ui/Field";
import { type Deployment, type Model, useDeploymentActs, useModels } from "./deployments";
import { MemoryLine } from "./MemoryLine";
import { OptionFields, readNames, readOptions, writtenOptions } from "./OptionFields";

/** Another model, other options, names or capacity. What serves stays until the new engine is ready. */
export function EditForm({ deployment }: { deployment: Deployment }) {
  const { data } = useModels();
  return data ? <Fields deployment={deployment} models={data.data} /> : null;
}

function Fields({ deployment, models }: { deployment: Deployment; models: readonly Model[] }) {
  const t = useT();
  const told = useErrorText();
  const { change } = useDeploymentActs();
  const offerOf = (id: string) => {
    const engines = models.find((one) => one.id === id)?.engines ?? [];
    return engines.find(({ engine }) => engine === deployment.engine) ?? (id === deployment.model ? undefined : engines[0]);
  };
  const [model, setModel] = useState(deployment.model);
  const [values, setValues] = useState(() => writtenOptions(offerOf(deployment.model)?.options ?? [], deployment.options));
  const [aliases, setAliases] = useState(deployment.aliases.join(" "));
  const [units, setUnits] = useState(deployment.capacity.units ? String(deployment.capacity.units) : "");
  const offer = offerOf(model);
  const options = readOptions(offer?.options ?? [], values);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const asked = { name: deployment.name, model, aliases: readNames(aliases), capacity: { units: Number(units) || 0 } };
    change.mutate(offer ? { ...asked, options } : asked, { onSuccess: () => toast({ text: t("deploy.changed", { name: deployment.name }) }) });
  };
  const { pool } = deployment;
  return (
    <form onSubmit={submit} className="flex max-w-3xl flex-col gap-5">
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField label={t("deploy.model")} value={model} onChange={(event) => setModel(event.target.value)}>
          {models
            .filter(({ kind }) => kind === deployment.kind)
            .map(({ id }) => (
              <option key={id}>{id}</option>
            ))}
        </SelectField>
        <TextField label={t("deploy.aliases")} value={aliases} onChange={(event) => setAliases(event.target.value)} hint={t("deploy.aliasesHint")} autoComplete="off" />
        <TextField
          label={t("deploy.units")}
          type="number"
          min={0}
          step={1}
          placeholder={t("deploy.unlimited")}
          value={units}
          onChange={(event) => setUnits(event.target.value)}
          hint={pool ? t("deploy.poolLeft", { left: pool.left, units: pool.units }) : t("deploy.unitsHint")}
        />
      </div>
      {offer && offer.options.length > 0 && (
        <fieldset>
          <legend className="mb-3 font-medium">{t("deploy.options", { engine: offer.engine })}</legend>
          <OptionFields options={offer.options} values={values} onChange={setValues} />
        </fieldset>
      )}
      {offer && <MemoryLine model={model} engine={offer.engine} options={options} />}
      {change.error && (
        <p role="alert" className="text-bad">
          {told(change.error)}
        </p>
      )}
      <div>
        <Button type="submit" look="primary" busy={change.isPending}>
          {t("deploy.save")}
        </Button>
      </div>
    </form>
  );
}

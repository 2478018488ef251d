import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { SelectField, TextField } from "@/ui/Field";
import { useDeploymentActs, useModels } from "./deployments";
import { MemoryLine } from "./MemoryLine";
import { OptionFields, readNames, readOptions } from "./OptionFields";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}$/;

type NewDeploymentProps = { onClose: () => void; onMade: (name: string) => void };

/** A registered model becomes callable: under which name, by which engine, with how much room. */
export function NewDeploymentDialog({ onClose, onMade }: NewDeploymentProps) {
  const t = useT();
  const told = useErrorText();
  const { data: models } = useModels();
  const { create } = useDeploymentActs();
  const [name, setName] = useState("");
  const [model, setModel] = useState("");
  const [engine, setEngine] = useState("");
  const [values, setValues] = useState<Record<string, string>>({});
  const [aliases, setAliases] = useState("");
  const [units, setUnits] = useState("");
  const engines = models?.data.find(({ id }) => id === model)?.engines ?? [];
  const offer = engines.find((one) => one.engine === engine) ?? engines[0];
  const options = readOptions(offer?.options ?? [], values);
  const badName = name !== "" && !NAME.test(name) ? t("deploy.badName") : undefined;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (badName) return;
    const asked = { name, model, engine: offer?.engine ?? "", options, aliases: readNames(aliases), capacity: { units: Number(units) || 0 } };
    create.mutate(asked, {
      onSuccess: () => {
        toast({ text: t("deploy.made", { name }) });
        onClose();
        onMade(name);
      },
    });
  };
  const problem = create.error instanceof ApiError && create.error.param === "name" ? undefined : create.error;
  return (
    <Dialog open onClose={onClose} title={t("deploy.new")} wide>
      <form onSubmit={submit} className="flex flex-col gap-5">
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField label={t("deploy.model")} required value={model} onChange={(event) => { setModel(event.target.value); setEngine(""); setValues({}); }} hint={t("deploy.modelHint")}>
            <option value="">{t("deploy.choose")}</option>
            {models?.data.map(({ id, kind }) => (
              <option key={id} value={id}>
                {id} ({t(`deploy.kind.${kind}`)})
              </option>
            ))}
          </SelectField>
          <TextField label={t("deploy.name")} required value={name} onChange={(event) => setName(event.target.value)} error={badName} hint={t("deploy.nameHint")} autoComplete="off" />
          {engines.length > 1 && (
            <SelectField label={t("deploy.engine")} value={offer?.engine ?? ""} onChange={(event) => { setEngine(event.target.value); setValues({}); }}>
              {engines.map((one) => (
                <option key={one.engine}>{one.engine}</option>
              ))}
            </SelectField>
          )}
          <TextField label={t("deploy.units")} type="number" min={0} step={1} placeholder={t("deploy.unlimited")} value={units} onChange={(event) => setUnits(event.target.value)} hint={t("deploy.unitsHint")} />
          <TextField label={t("deploy.aliases")} value={aliases} onChange={(event) => setAliases(event.target.value)} hint={t("deploy.aliasesHint")} autoComplete="off" />
        </div>
        {offer && offer.options.length > 0 && (
          <fieldset>
            <legend className="mb-3 font-medium">{t("deploy.options", { engine: offer.engine })}</legend>
            <OptionFields options={offer.options} values={values} onChange={setValues} />
          </fieldset>
        )}
        {model && offer && <MemoryLine model={model} engine={offer.engine} options={options} />}
        {problem && (
          <p role="alert" className="text-bad">
            {told(problem)}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" busy={create.isPending}>
            {t("deploy.create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

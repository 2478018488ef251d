import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { useT } from "@/i18n";
import { useChatModels } from "@/parts/models";
import { Dialog } from "@/ui/Dialog";
import { SelectField, TextField } from "@/ui/Field";
import { useStartTune } from "../jobs/jobs";
import { FormEnd } from "../users/FormEnd";
import { type StoredFile, useFiles } from "./files";

const METHODS = ["supervised", "dpo"] as const;

/** A fine-tuning job from a file: the model, the method, and the few numbers that matter. */
export function TuneDialog({ file, onClose }: { file: StoredFile; onClose: () => void }) {
  const t = useT();
  const [, go] = useLocation();
  const start = useStartTune();
  const models = useChatModels();
  const others = (useFiles("fine-tune").data?.pages.flatMap((page) => page.data) ?? []).filter(({ id }) => id !== file.id);
  const [model, setModel] = useState("");
  const [method, setMethod] = useState<(typeof METHODS)[number]>("supervised");
  const [validation, setValidation] = useState("");
  const [suffix, setSuffix] = useState("");
  const [epochs, setEpochs] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const hyperparameters = { n_epochs: epochs ? Number(epochs) : ("auto" as const) };
    start.mutate(
      { model, training_file: file.id, ...(validation && { validation_file: validation }), ...(suffix && { suffix }), method: { type: method, [method]: { hyperparameters } } },
      { onSuccess: ({ id }) => go(`/console/jobs/${id}`) },
    );
  };
  return (
    <Dialog open onClose={onClose} title={t("data.tuneTitle", { name: file.filename })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <SelectField label={t("data.base")} required value={model} onChange={(event) => setModel(event.target.value)}>
          <option value="">{t("data.choose")}</option>
          {models.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </SelectField>
        <SelectField label={t("data.method")} hint={t(`data.methodHint.${method}`)} value={method} onChange={(event) => setMethod(event.target.value === "dpo" ? "dpo" : "supervised")}>
          {METHODS.map((value) => (
            <option key={value} value={value}>
              {t(`data.method.${value}`)}
            </option>
          ))}
        </SelectField>
        <SelectField label={t("data.validation")} value={validation} onChange={(event) => setValidation(event.target.value)}>
          <option value="">{t("data.noValidation")}</option>
          {others.map(({ id, filename }) => (
            <option key={id} value={id}>
              {filename}
            </option>
          ))}
        </SelectField>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField label={t("data.epochs")} type="number" min={1} max={50} step={1} placeholder={t("data.auto")} value={epochs} onChange={(event) => setEpochs(event.target.value)} />
          <TextField label={t("data.suffix")} maxLength={64} autoComplete="off" value={suffix} onChange={(event) => setSuffix(event.target.value)} />
        </div>
        <FormEnd does={t("data.start")} error={start.error} busy={start.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

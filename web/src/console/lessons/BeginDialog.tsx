import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { useChatModels } from "@/parts/models";
import { Dialog } from "@/ui/Dialog";
import { SelectField, TextField } from "@/ui/Field";
import { FormEnd } from "../users/FormEnd";
import { type Kind, KINDS, LEAST_EXAMPLES, useBegin, usePreview } from "./lessons";
import { useWhy } from "./words";

/** Which deployment learns, and from what; how many examples that gives is told before anything begins. */
export function BeginDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const [, go] = useLocation();
  const begin = useBegin();
  const models = useChatModels();
  const [deployment, setDeployment] = useState("");
  const [kind, setKind] = useState<Kind>("preference");
  const [percent, setPercent] = useState("20");
  const [ratings, setRatings] = useState("20");
  const preview = usePreview(deployment, kind);
  const enough = (preview.data?.examples ?? 0) >= LEAST_EXAMPLES;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    begin.mutate({ deployment, kind, percent: Number(percent), ratings: Number(ratings), margin: 0.02 }, { onSuccess: ({ id }) => go(`/console/lessons/${id}`) });
  };
  return (
    <Dialog open onClose={onClose} title={t("lessons.beginTitle")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <SelectField label={t("lessons.deployment")} required value={deployment} onChange={(event) => setDeployment(event.target.value)}>
          <option value="">{t("lessons.choose")}</option>
          {models.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </SelectField>
        <SelectField label={t("lessons.kind")} hint={t(`lessons.kindHint.${kind}`)} value={kind} onChange={(event) => setKind(event.target.value === "sft" ? "sft" : "preference")}>
          {KINDS.map((value) => (
            <option key={value} value={value}>
              {t(`lessons.kind.${value}`)}
            </option>
          ))}
        </SelectField>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField label={t("lessons.share")} type="number" min={0} max={100} step={1} required value={percent} onChange={(event) => setPercent(event.target.value)} />
          <TextField label={t("lessons.ratings")} type="number" min={1} max={1_000_000} step={1} required value={ratings} onChange={(event) => setRatings(event.target.value)} />
        </div>
        <Found preview={preview} />
        <FormEnd does={t("lessons.start")} error={begin.error} busy={begin.isPending} disabled={!enough} onClose={onClose} />
      </form>
    </Dialog>
  );
}

/** How much there is to learn from, and what is left out. */
function Found({ preview: { data, error } }: { preview: ReturnType<typeof usePreview> }) {
  const t = useT();
  const told = useErrorText();
  const because = useWhy();
  if (error)
    return (
      <p role="alert" className="text-bad">
        {told(error)}
      </p>
    );
  if (!data) return null;
  const left = Object.entries(data.left_out).map(([why, count]) => `${because(why)} (${count})`);
  return (
    <div role="status" className="rounded-sm bg-hover px-3 py-2">
      <p>{t.count("lessons.found", data.examples)}</p>
      {data.examples < LEAST_EXAMPLES && <p className="text-warn">{t("lessons.tooFew", { count: LEAST_EXAMPLES })}</p>}
      {left.length > 0 && <p className="text-quiet">{t("lessons.without", { left: left.join(" · ") })}</p>}
    </div>
  );
}

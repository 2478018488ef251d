import { useT } from "@/i18n";
import { SelectField, TextField } from "@/ui/Field";
import { Choice } from "../Choice";
import { useDeployments } from "../deployments/deployments";
import { FORMS, type Policy } from "./filters";
import type { Wrong } from "./PolicyEditor";

type StreamingProps = { policy: Policy; wrong: Wrong; onChange: (policy: Policy) => void };

/** How answers are looked at while they are written, and by whom. */
export function Streaming({ policy, wrong, onChange }: StreamingProps) {
  const t = useT();
  const there = useDeployments().data?.data ?? [];
  const judges = (["moderation", "text"] as const).flatMap((kind) => there.filter((one) => one.kind === kind).map(({ name }) => name));
  const chats = there.some((one) => one.name === policy.judge && one.kind === "text");
  const error = (field: string) => (wrong?.field === field ? wrong.message : undefined);
  const ways = (["buffered", "asynchronous"] as const).map((value) => ({ value, name: t(`filters.streaming.${value}`) }));
  return (
    <section className="flex min-w-0 flex-col gap-3">
      <h2 className="text-base font-semibold">{t("filters.streaming")}</h2>
      <Choice label={t("filters.streaming")} options={ways} value={policy.streaming} onChange={(streaming) => onChange({ ...policy, streaming })} />
      <p className="max-w-read text-quiet">{t(`filters.streamingWhy.${policy.streaming}`)}</p>
      <div className="grid max-w-xl gap-4 sm:grid-cols-2">
        <TextField
          label={t("filters.window")}
          hint={t("filters.windowHint")}
          error={error("window")}
          type="number"
          min={20}
          max={1000}
          step={1}
          value={policy.window || ""}
          onChange={(event) => onChange({ ...policy, window: Number(event.target.value) })}
        />
        <SelectField label={t("filters.judge")} hint={t("filters.judgeHint")} error={error("judge")} value={policy.judge} onChange={(event) => onChange({ ...policy, judge: event.target.value })}>
          {[...new Set([...judges, policy.judge])].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </SelectField>
        {chats && (
          <SelectField label={t("filters.form")} value={policy.judge_form} onChange={(event) => onChange({ ...policy, judge_form: FORMS.find((form) => form === event.target.value) ?? "" })}>
            {FORMS.map((form) => (
              <option key={form} value={form}>
                {t(`filters.form.${form || "auto"}`)}
              </option>
            ))}
          </SelectField>
        )}
      </div>
    </section>
  );
}

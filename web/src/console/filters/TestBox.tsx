import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { TextArea } from "@/ui/TextArea";
import { Choice } from "../Choice";
import { type Policy, type Trial, TRIED, type Tried } from "./filters";
import { Findings } from "./Findings";

export type Typed = { text: string; side: Tried };

type TestBoxProps = { typed: Typed; onType: (typed: Typed) => void; policy: Policy | null; trial: Trial | undefined; error: unknown; busy: boolean };

/** A text, and what the policy in the form would do with it. Nothing of it is kept. */
export function TestBox({ typed, onType, policy, trial, error, busy }: TestBoxProps) {
  const t = useT();
  const told = useErrorText();
  return (
    <section className="flex min-w-0 flex-col gap-3 rounded-md border border-line bg-side p-4">
      <h2 className="text-base font-semibold">{t("filters.test")}</h2>
      <Choice label={t("filters.testAs")} options={TRIED.map((value) => ({ value, name: t(`filters.tried.${value}`) }))} value={typed.side} onChange={(side) => onType({ ...typed, side })} />
      <TextArea label={t("filters.testText")} hint={t("filters.testHint")} rows={4} value={typed.text} onChange={(event) => onType({ ...typed, text: event.target.value })} />
      {Boolean(error) && (
        <p role="alert" className="text-bad">
          {told(error)}
        </p>
      )}
      {typed.text.trim() !== "" && trial && !error && <Findings policy={policy} side={typed.side} trial={trial} busy={busy} />}
    </section>
  );
}

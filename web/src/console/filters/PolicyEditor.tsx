import { useT } from "@/i18n";
import { Choice } from "../Choice";
import { Blocklists } from "./Blocklists";
import { type Policy, presetOf } from "./filters";
import { Matrix } from "./Matrix";
import { Streaming } from "./Streaming";
import { usePresetName } from "./words";

/** What the server does not take, and which field of the policy that is: `blocklists[0].patterns[1]`. */
export type Wrong = { field: string; message: string } | null;

type PolicyEditorProps = { policy: Policy | null; presets: Record<string, Policy>; wrong: Wrong; onChange: (policy: Policy | null) => void };

/** A policy as a whole: begun from one that has a name, then changed where one likes. */
export function PolicyEditor({ policy, presets, wrong, onChange }: PolicyEditorProps) {
  const t = useT();
  const named = usePresetName();
  const now = presetOf(policy, presets);
  const names = ["off", ...Object.keys(presets), ...(now === "own" ? ["own"] : [])];
  const choose = (name: string) => {
    const preset = presets[name];
    if (name === "own") return;
    // A preset says what is looked for; lists and streaming that somebody has set stay.
    onChange(preset && policy ? { ...policy, prompt: preset.prompt, output: preset.output } : (preset ?? null));
  };
  return (
    <div className="flex min-w-0 flex-col gap-8">
      <section className="flex flex-col gap-2">
        <h2 className="text-base font-semibold">{t("filters.preset")}</h2>
        <Choice label={t("filters.preset")} value={now} onChange={choose} options={names.map((value) => ({ value, name: named(value) }))} />
        <p className="max-w-read text-quiet">{policy ? t("filters.presetWhy") : t("filters.offWhy")}</p>
      </section>
      {policy && (
        <>
          <Matrix policy={policy} wrong={wrong} onChange={onChange} />
          <Blocklists lists={policy.blocklists} wrong={wrong} onChange={(blocklists) => onChange({ ...policy, blocklists })} />
          <Streaming policy={policy} wrong={wrong} onChange={onChange} />
        </>
      )}
    </div>
  );
}

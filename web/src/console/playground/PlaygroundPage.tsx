import { useSearchParams } from "wouter";
import { ConsoleFrame } from "@/console/ConsolePage";
import { useT } from "@/i18n";
import { Tabs } from "@/ui/Tabs";
import { type TabName, TABS } from "./bench";
import { BenchView } from "./BenchView";
import type { Preset } from "./presets";
import { PresetsMenu } from "./PresetsMenu";
import { useBenches } from "./useBenches";

/** Every model, with every setting, by hand: one tab for each kind of call. The address says which, and which preset. */
export default function PlaygroundPage() {
  const t = useT();
  const [params, setParams] = useSearchParams();
  const preset = params.get("preset");
  const tab = TABS.find((name) => name === params.get("tab")) ?? "chat";
  const { bench, change, missing } = useBenches(tab, preset);

  const go = (next: TabName, named: string | null) => setParams(named ? { tab: next, preset: named } : { tab: next });
  const choose = ({ name, bench: its }: Preset) => {
    change(its);
    go(its.tab, name);
  };
  return (
    <ConsoleFrame title={t("play.title")} actions={<PresetsMenu bench={bench} chosen={preset} onChoose={choose} onForget={() => go(tab, null)} onKeep={(name) => go(tab, name)} />}>
      {missing && (
        <p role="alert" className="rounded-md bg-warn-wash px-3 py-2 text-warn">
          {t("play.preset.missing", { name: preset ?? "" })}
        </p>
      )}
      <Tabs
        label={t("play.tabs")}
        value={tab}
        onChange={(next) => go(next, null)}
        tabs={TABS.map((name) => ({
          value: name,
          name: t(`play.tab.${name}`),
          content: name === tab && <BenchView key={name} bench={bench} onChange={change} />,
        }))}
      />
    </ConsoleFrame>
  );
}

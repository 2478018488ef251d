import { useT } from "@/i18n";
import type { Model } from "@/parts/models";
import { SelectField } from "@/ui/Field";
import { Tabs } from "@/ui/Tabs";
import { type Lane, LANE_NAMES, type TabName } from "./bench";
import type { Problems } from "./reading";
import { SettingField } from "./SettingField";
import { SETTINGS } from "./settings";
import { useProblemText } from "./useProblemText";

type SettingsPanelProps = {
  tab: TabName;
  lanes: readonly Lane[];
  models: readonly Model[];
  problems: readonly Problems[];
  /** Whose settings are shown, of two. */
  shown: number;
  onShow: (lane: number) => void;
  onChange: (index: number, lane: Lane) => void;
};

/** Who is asked, and how: each lane's own. */
export function SettingsPanel({ tab, lanes, models, problems, shown, onShow, onChange }: SettingsPanelProps) {
  const t = useT();
  const panel = (index: number) => {
    const lane = lanes[index];
    return lane && <LaneSettings tab={tab} lane={lane} models={models} problems={problems[index] ?? new Map()} onChange={(next) => onChange(index, next)} />;
  };
  if (lanes.length < 2) return panel(0);
  return (
    <Tabs
      label={t("play.lanes")}
      value={String(shown)}
      onChange={(value) => onShow(Number(value))}
      tabs={lanes.map((_, index) => ({ value: String(index), name: LANE_NAMES[index], content: <div className="pt-4">{panel(index)}</div> }))}
    />
  );
}

type LaneSettingsProps = { tab: TabName; lane: Lane; models: readonly Model[]; problems: Problems; onChange: (lane: Lane) => void };

function LaneSettings({ tab, lane, models, problems, onChange }: LaneSettingsProps) {
  const t = useT();
  const problemText = useProblemText();
  const model = models.find((one) => one.id === lane.deployment);
  const set = (field: string, value: string | boolean | undefined) => {
    const { [field]: _, ...others } = lane.values;
    onChange({ ...lane, values: value === undefined || value === "" ? others : { ...others, [field]: value } });
  };
  const errorOf = (field: string) => {
    const problem = problems.get(field);
    return problem && problemText(problem);
  };
  return (
    <div className="flex flex-col gap-5">
      <SelectField
        label={t("play.deployment")}
        hint={model?.context_length ? t("play.context", { count: model.context_length }) : undefined}
        error={errorOf("model")}
        value={lane.deployment}
        onChange={(event) => onChange({ ...lane, deployment: event.target.value })}
      >
        {!model && <option value={lane.deployment}>{lane.deployment ? t("play.notDeployed", { name: lane.deployment }) : "…"}</option>}
        {models.map((one) => (
          <option key={one.id} value={one.id}>
            {one.root === one.id ? one.id : `${one.id} (${one.root})`}
          </option>
        ))}
      </SelectField>
      {SETTINGS[tab].map((group) => (
        <details key={group.name} open={group.open || group.settings.some(({ name }) => lane.values[name] !== undefined)} className="border-t border-line pt-3">
          <summary className="font-semibold">{t(group.name)}</summary>
          <div className="flex flex-col gap-4 pt-3">
            {group.settings.map((setting) => (
              <SettingField key={setting.name} setting={setting} value={lane.values[setting.name]} onChange={(value) => set(setting.name, value)} error={errorOf(setting.name)} />
            ))}
          </div>
        </details>
      ))}
    </div>
  );
}

import { useT } from "@/i18n";
import { SelectField, TextField } from "@/ui/Field";
import { Slider } from "@/ui/Slider";
import { Switch } from "@/ui/Switch";
import { TextArea } from "@/ui/TextArea";
import type { Setting } from "./settings";

type SettingFieldProps = { setting: Setting; value: string | boolean | undefined; onChange: (value: string | boolean | undefined) => void; error: string | undefined };

/** One field of the request, under the name that it has there. Empty: the server's default, which is shown. */
export function SettingField({ setting, value, onChange, error }: SettingFieldProps) {
  const t = useT();
  const { name, help } = setting;
  const text = typeof value === "string" ? value : "";
  const common = { label: name, hint: t(help), error, value: text };
  switch (setting.kind) {
    case "switch":
      return <Switch label={name} hint={t(help)} checked={value === undefined ? setting.fallback : value === true} onChange={(on) => onChange(on === setting.fallback ? undefined : on)} />;
    case "choice":
      return (
        <SelectField {...common} value={text || setting.fallback} onChange={(event) => onChange(event.target.value === setting.fallback ? undefined : event.target.value)}>
          {setting.options.map((option) => (
            <option key={option} value={option}>
              {option === setting.fallback ? t("play.default", { value: option }) : option}
            </option>
          ))}
        </SelectField>
      );
    case "number": {
      const { min, max, step, fallback } = setting;
      if (max !== undefined && fallback !== null) {
        return <Slider {...common} onChange={onChange} min={min} max={max} step={step} fallback={fallback} resetLabel={t("play.reset", { field: name })} />;
      }
      const placeholder = fallback === null ? t("play.unset") : t("play.default", { value: fallback });
      return <TextField {...common} inputMode="numeric" autoComplete="off" placeholder={placeholder} onChange={(event) => onChange(event.target.value)} />;
    }
    case "word":
      return <TextField {...common} autoComplete="off" placeholder={setting.fallback ? t("play.default", { value: setting.fallback }) : t("play.unset")} onChange={(event) => onChange(event.target.value)} />;
    case "lines":
      return <TextArea {...common} mono rows={1} onChange={(event) => onChange(event.target.value)} />;
    case "json":
      return <TextArea {...common} mono rows={2} placeholder={setting.example} onChange={(event) => onChange(event.target.value)} />;
  }
}

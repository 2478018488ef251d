import { useT } from "@/i18n";
import { SelectField, TextField } from "@/ui/Field";
import type { EngineOption, OptionValue } from "./deployments";

type OptionFieldsProps = {
  options: readonly EngineOption[];
  /** As typed; "" leaves it to the engine. */
  values: Record<string, string>;
  onChange: (values: Record<string, string>) => void;
};

/** What an engine can be told, one field each; an empty one is the engine's own choice. */
export function OptionFields({ options, values, onChange }: OptionFieldsProps) {
  const t = useT();
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {options.map((option) => {
        const usual = option.default === undefined ? t("deploy.byTheMachine") : String(option.default);
        const value = values[option.name] ?? "";
        const change = (next: string) => onChange({ ...values, [option.name]: next });
        const choices = option.kind === "flag" ? ["true", "false"] : option.choices;
        return choices ? (
          <SelectField key={option.name} label={option.name} value={value} onChange={(event) => change(event.target.value)}>
            <option value="">{t("deploy.usual", { value: usual })}</option>
            {choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </SelectField>
        ) : (
          <TextField
            key={option.name}
            label={option.name}
            type="number"
            min={option.least ?? 1}
            max={option.most}
            step={option.kind === "whole" ? 1 : "any"}
            placeholder={usual}
            value={value}
            onChange={(event) => change(event.target.value)}
          />
        );
      })}
    </div>
  );
}

/** What was typed as the server wants it; what is empty is left out. */
export function readOptions(options: readonly EngineOption[], values: Record<string, string>): Record<string, OptionValue> {
  const read: Record<string, OptionValue> = {};
  for (const { name, kind } of options) {
    const value = values[name]?.trim();
    if (value) read[name] = kind === "flag" ? value === "true" : kind === "choice" ? value : Number(value);
  }
  return read;
}

/** Options as they are, to be typed over. */
export function writtenOptions(options: readonly EngineOption[], now: Record<string, OptionValue>): Record<string, string> {
  return Object.fromEntries(options.filter(({ name }) => name in now).map(({ name }) => [name, String(now[name])]));
}

/** Names apart by spaces or commas. */
export function readNames(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

import { cx } from "@/ui/classes";

type ChoiceProps<Value extends string> = {
  label: string;
  options: readonly { value: Value; name: string }[];
  value: Value;
  onChange: (value: Value) => void;
};

/** One of a few, all in sight: a range of time, a measure. */
export function Choice<Value extends string>({ label, options, value, onChange }: ChoiceProps<Value>) {
  return (
    <div role="group" aria-label={label} className="flex w-fit max-w-full overflow-x-auto rounded-sm border border-line-strong">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className={cx(
            "h-8 shrink-0 border-r border-line-strong px-2.5 whitespace-nowrap -outline-offset-2 last:border-r-0 coarse:h-11",
            option.value === value ? "bg-chosen font-medium" : "text-quiet hover:bg-hover hover:text-ink",
          )}
        >
          {option.name}
        </button>
      ))}
    </div>
  );
}

type PickProps = {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly { value: string; name: string }[];
};

/** One of many: the system's own list, its name in front of it. */
export function Pick({ label, value, onChange, options }: PickProps) {
  return (
    <label className="flex min-w-0 items-center gap-2">
      <span className="text-quiet">{label}</span>
      <select
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="h-8 max-w-48 min-w-0 rounded-sm border border-control bg-page px-2 coarse:h-11"
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.name}
          </option>
        ))}
      </select>
    </label>
  );
}

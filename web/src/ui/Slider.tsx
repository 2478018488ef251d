import { RotateCcw } from "lucide-react";
import { type ReactNode, useId } from "react";
import { IconButton } from "./Button";
import { cx } from "./classes";

type SliderProps = {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  /** As it was typed; "" stands for `fallback`, which is what happens where nothing is said. */
  value: string;
  onChange: (value: string) => void;
  min: number;
  max: number;
  step: number;
  fallback: number;
  /** What the button says that goes back to `fallback`. */
  resetLabel: string;
};

/** A number between two others: drawn, and typed where it must be exact. */
export function Slider({ label, hint, error, value, onChange, min, max, step, fallback, resetLabel }: SliderProps) {
  const id = useId();
  const typed = Number(value.replace(",", "."));
  const shown = value.trim() === "" || Number.isNaN(typed) ? fallback : typed;
  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-center gap-1">
        <label id={`${id}-name`} htmlFor={id} className="grow font-medium">
          {label}
        </label>
        {value !== "" && (
          <IconButton label={resetLabel} className="size-7" onClick={() => onChange("")}>
            <RotateCcw aria-hidden className="size-4!" />
          </IconButton>
        )}
        <input
          id={id}
          inputMode="decimal"
          autoComplete="off"
          placeholder={String(fallback)}
          aria-invalid={error ? true : undefined}
          aria-describedby={`${id}-told`}
          className="h-7 w-20 rounded-sm border border-control bg-page px-2 text-end tabular-nums placeholder:text-quiet aria-invalid:border-bad coarse:h-11"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
      <input
        type="range"
        aria-labelledby={`${id}-name`}
        className={cx("h-6 w-full accent-accent coarse:h-11", value === "" && "opacity-60")}
        min={min}
        max={max}
        step={step}
        value={Math.min(max, Math.max(min, shown))}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}-told`} className={cx("text-xs empty:hidden", error ? "text-bad" : "text-quiet")} role={error ? "alert" : undefined}>
        {error ?? hint}
      </p>
    </div>
  );
}

import { Switch as Base } from "@base-ui/react/switch";
import { useId } from "react";

type SwitchProps = { label: string; hint?: string; checked: boolean; onChange: (checked: boolean) => void };

/** On or off, at once. */
export function Switch({ label, hint, checked, onChange }: SwitchProps) {
  const id = useId();
  return (
    <div className="flex items-start justify-between gap-6">
      <div>
        <label id={id} className="font-medium">
          {label}
        </label>
        {hint && <p className="text-sm text-quiet">{hint}</p>}
      </div>
      <Base.Root
        aria-labelledby={id}
        checked={checked}
        onCheckedChange={onChange}
        className="flex h-6 w-10 shrink-0 rounded-full border border-control bg-chosen p-0.5 transition-colors duration-150 data-checked:border-accent data-checked:bg-accent"
      >
        <Base.Thumb className="aspect-square h-full rounded-full bg-page shadow-lift transition-transform duration-150 data-checked:translate-x-4" />
      </Base.Root>
    </div>
  );
}

import { type ComponentProps, type ReactNode, useId } from "react";
import { cx } from "./classes";

const BOX =
  "h-9 w-full rounded-sm border border-control bg-page px-2.5 coarse:h-11 placeholder:text-quiet aria-invalid:border-bad";

type Told = { label: string; hint?: ReactNode; error?: string | undefined };
type TextFieldProps = Omit<ComponentProps<"input">, "id"> & Told;

/** A line of text to type, with its name above, its help below, and what is wrong with it. */
export function TextField({ label, hint, error, className, ...rest }: TextFieldProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} error={error} className={className}>
      <input id={id} className={BOX} aria-invalid={error ? true : undefined} aria-describedby={`${id}-told`} {...rest} />
    </Labelled>
  );
}

type SelectFieldProps = Omit<ComponentProps<"select">, "id"> & Told;

/** One of a few: the system's own list, which every keyboard, phone and screen reader knows. */
export function SelectField({ label, hint, error, className, children, ...rest }: SelectFieldProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} error={error} className={className}>
      <select id={id} className={BOX} aria-describedby={`${id}-told`} {...rest}>
        {children}
      </select>
    </Labelled>
  );
}

type LabelledProps = Told & { id: string; className?: string | undefined; children: ReactNode };

function Labelled({ id, label, hint, error, className, children }: LabelledProps) {
  return (
    <div className={cx("flex flex-col gap-1.5", className)}>
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children}
      <p id={`${id}-told`} className={cx("text-sm empty:hidden", error ? "text-bad" : "text-quiet")} role={error ? "alert" : undefined}>
        {error ?? hint}
      </p>
    </div>
  );
}

import { type ComponentProps, type ReactNode, useId } from "react";
import { cx } from "./classes";

type TextAreaProps = Omit<ComponentProps<"textarea">, "id" | "className"> & {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  /** Code or JSON: every letter as wide as the others, and no corrections. */
  mono?: boolean;
  /** The name is for screen readers only: it can be seen elsewhere. */
  nameless?: boolean;
};

/** Lines of text to type, which grow with what is typed. */
export function TextArea({ label, hint, error, mono = false, nameless = false, rows = 2, ...rest }: TextAreaProps) {
  const id = useId();
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <label htmlFor={id} className={nameless ? "sr-only" : "font-medium"}>
        {label}
      </label>
      <textarea
        id={id}
        rows={rows}
        dir="auto"
        // A field as large as its text knows no rows; they are the least that it shows.
        style={{ minHeight: `calc(${rows}lh + 1.25rem + 2px)` }}
        spellCheck={!mono}
        autoCapitalize={mono ? "off" : undefined}
        aria-invalid={error ? true : undefined}
        aria-describedby={`${id}-told`}
        className={cx(
          "max-h-96 w-full resize-none rounded-sm border border-control bg-page p-2.5 [field-sizing:content] placeholder:text-quiet aria-invalid:border-bad",
          mono && "font-mono text-sm",
        )}
        {...rest}
      />
      <p id={`${id}-told`} className={cx("text-xs empty:hidden", error ? "text-bad" : "text-quiet")} role={error ? "alert" : undefined}>
        {error ?? hint}
      </p>
    </div>
  );
}

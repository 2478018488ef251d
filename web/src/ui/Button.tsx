import type { ComponentProps } from "react";
import { cx } from "./classes";

type Look = "primary" | "plain" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-accent-ink hover:bg-accent-hover",
  plain: "border border-line-strong bg-page hover:bg-hover",
  quiet: "text-quiet hover:bg-hover hover:text-ink",
  danger: "border border-line-strong bg-page text-bad hover:bg-bad-wash",
};

type ButtonProps = ComponentProps<"button"> & { look?: Look; busy?: boolean };

/** A button with words. While `busy` it keeps its label and shows that it works. */
export function Button({ look = "plain", busy = false, className, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      aria-busy={busy || undefined}
      className={cx(
        "relative inline-flex h-9 shrink-0 items-center justify-center gap-2 rounded-sm px-3 font-medium whitespace-nowrap",
        "transition-colors duration-150 select-none coarse:h-11 disabled:cursor-not-allowed disabled:opacity-50",
        LOOKS[look],
        className,
      )}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {children}
      {busy && <span aria-hidden className="size-3 animate-spin rounded-full border-2 border-current border-t-transparent" />}
    </button>
  );
}

type IconButtonProps = ComponentProps<"button"> & { label: string; pressed?: boolean };

/** A button with a picture only: `label` is its name for screen readers (and its tooltip's words, see Hint). */
export function IconButton({ label, pressed, className, children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      aria-pressed={pressed}
      className={cx(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-sm text-quiet transition-colors duration-150",
        "hover:bg-hover hover:text-ink aria-pressed:bg-chosen aria-pressed:text-ink coarse:size-11",
        "disabled:cursor-not-allowed disabled:opacity-50 [&_svg]:size-[18px]",
        className,
      )}
      {...rest}
    >
      {children}
    </button>
  );
}

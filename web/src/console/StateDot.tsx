import { cx } from "@/ui/classes";

/** How far something is, in a word and a dot of its colour. */
export function StateDot({ tone = "bg-accent", name }: { tone?: string | undefined; name: string }) {
  return (
    <span className="inline-flex items-center gap-2">
      <span aria-hidden className={cx("size-2 shrink-0 rounded-full", tone)} />
      {name}
    </span>
  );
}

import { useFormats } from "../formats";

/** How much of something is done, and (`bad`) how much of it went wrong. */
export function Progress({ done, bad = 0, total }: { done: number; bad?: number; total: number }) {
  const { number } = useFormats();
  if (total === 0) return <span className="text-quiet">–</span>;
  return (
    <span className="flex items-center gap-2">
      <span aria-hidden className="flex h-2 w-16 shrink-0 overflow-hidden rounded-sm bg-chosen">
        <span className="bg-good" style={{ width: `${(100 * (done - bad)) / total}%` }} />
        <span className="bg-bad" style={{ width: `${(100 * bad) / total}%` }} />
      </span>
      <span>
        {number(done)}/{number(total)}
      </span>
    </span>
  );
}

import { Ban, CircleCheck, CircleSlash, CircleX } from "lucide-react";
import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import type { Outcome } from "./runs";

const MARKS = { completed: [CircleCheck, "text-good"], failed: [CircleX, "text-bad"], refused: [Ban, "text-warn"], cancelled: [CircleSlash, "text-quiet"] } as const;

/** How a call ended: a sign and a word, with the number of HTTP where it went wrong. */
export function OutcomeMark({ outcome, status }: { outcome: Outcome; status: number }) {
  const t = useT();
  const [Sign, tone] = MARKS[outcome];
  return (
    <span className="inline-flex max-w-full items-center gap-1.5 align-middle">
      <Sign aria-hidden className={cx("size-4 shrink-0", tone)} />
      <span className="truncate">{t(`console.runEnd.${outcome}`)}</span>
      {outcome !== "completed" && status >= 400 && <span className="text-quiet">{status}</span>}
    </span>
  );
}

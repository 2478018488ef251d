import { RotateCcw, TriangleAlert } from "lucide-react";
import { type TextKey, useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/classes";
import type { ContentFilter, Status } from "./types";
import { isEnded, useVerdict } from "./verdict";

const ENDS: Partial<Record<Status, TextKey>> = { cancelled: "chat.stopped", incomplete: "chat.incomplete", failed: "chat.failed" };

type AnswerEndProps = { status: Status; error: string | null; empty: boolean; filters?: readonly ContentFilter[] | null; onAgain: () => void };

/** How an answer ended, where it did not end well: what was made stays, and there is a way on. */
export function AnswerEnd({ status, error, empty, filters = null, onAgain }: AnswerEndProps) {
  const t = useT();
  const verdict = useVerdict();
  const key = isEnded(filters) ? "chat.filtered" : (ENDS[status] ?? (empty ? "chat.empty" : null));
  if (!key) return null;
  const bad = status === "failed";
  return (
    <div className={cx("mt-2 flex flex-wrap items-center gap-x-3 gap-y-2 rounded-md px-3 py-2", bad ? "bg-bad-wash" : "bg-hover")} role={bad ? "alert" : undefined}>
      {bad && <TriangleAlert aria-hidden className="size-4 shrink-0 text-bad" />}
      <p className="min-w-0 grow basis-48">
        {key === "chat.filtered" ? t(key, { found: verdict(filters, true) }) : t(key)}
        {bad && error && <span className="block text-sm text-quiet">{error}</span>}
      </p>
      <Button onClick={onAgain}>
        <RotateCcw aria-hidden className="size-4" />
        {t("common.retry")}
      </Button>
    </div>
  );
}

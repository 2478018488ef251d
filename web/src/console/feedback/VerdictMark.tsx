import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import type { Row } from "./feedback";

/** Good or bad: a thumb and its words. */
export function VerdictMark({ verdict }: { verdict: Row["verdict"] }) {
  const t = useT();
  const Thumb = verdict === "up" ? ThumbsUp : ThumbsDown;
  return (
    <span className="inline-flex max-w-full items-center gap-1.5 align-middle">
      <Thumb aria-hidden className={cx("size-4 shrink-0", verdict === "up" ? "text-good" : "text-bad")} />
      <span className="truncate">{t(`feedback.${verdict}`)}</span>
    </span>
  );
}

import { CircleAlert, CircleStop, Clock, ShieldAlert } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { ApiError } from "@/api/client";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { Button } from "@/ui/Button";
import { dismiss, type Making } from "./making";
import { useMake } from "./useMake";

const FILTERED = new Set(["content_policy_violation", "content_filter", "moderation_blocked", "ResponsibleAIPolicyViolation"]);

/** Why a request did not become all its pictures, in words, with a way on. */
export function FailureNote({ making, onPrompt }: { making: Making; onPrompt: () => void }) {
  const t = useT();
  const make = useMake();
  const errorText = useErrorText();
  const { state, error, candidates, wish } = making;
  if (state !== "failed" && state !== "stopped") return null;
  const done = candidates.filter((one) => one.state === "done").length;
  const missing = candidates.length - done;
  const again = (count: number) => {
    if (done === 0) dismiss(making.key);
    make({ ...wish, body: { ...wish.body, n: count } });
  };

  if (state === "stopped") {
    return (
      <Note icon={<CircleStop aria-hidden />} title={t("studio.stopped", { done, all: candidates.length })}>
        <Button onClick={() => again(missing)}>{t.count("studio.makeMissing", missing)}</Button>
      </Note>
    );
  }
  if (error instanceof ApiError && error.status === 429) {
    return (
      <Note bad icon={<Clock aria-hidden />} title={t("studio.busy")} why={error.message}>
        <Waiting seconds={error.retryAfter ?? 0} onRetry={() => again(missing)} />
      </Note>
    );
  }
  if (error instanceof ApiError && FILTERED.has(error.code)) {
    return (
      <Note bad icon={<ShieldAlert aria-hidden />} title={t("studio.filtered")} why={error.message}>
        <Button onClick={onPrompt}>{t("studio.changeWords")}</Button>
      </Note>
    );
  }
  if (error instanceof ApiError && !error.unreachable && error.status >= 400 && error.status < 500) {
    return (
      <Note bad icon={<CircleAlert aria-hidden />} title={t("studio.refused")} why={error.message}>
        <Button onClick={onPrompt}>{t(error.param === "prompt" ? "studio.changeWords" : "studio.changeWish")}</Button>
        <Button look="quiet" onClick={() => again(missing)}>
          {t("common.retry")}
        </Button>
      </Note>
    );
  }
  return (
    <Note bad icon={<CircleAlert aria-hidden />} title={done > 0 ? t("studio.cutPart", { done, all: candidates.length }) : t("studio.cut")} why={error ? errorText(error) : t("studio.cutWhy")}>
      <Button onClick={() => again(missing)}>{done > 0 ? t.count("studio.makeMissing", missing) : t("common.retry")}</Button>
    </Note>
  );
}

type NoteProps = { icon: ReactNode; title: string; why?: string; bad?: boolean; children: ReactNode };

function Note({ icon, title, why, bad = false, children }: NoteProps) {
  return (
    <div role={bad ? "alert" : "status"} className="flex w-full max-w-read flex-wrap items-center gap-x-3 gap-y-2 rounded-md border border-line bg-side p-3">
      <span className={bad ? "text-bad [&_svg]:size-5" : "text-quiet [&_svg]:size-5"}>{icon}</span>
      <div className="min-w-48 grow basis-0">
        <p className="font-medium">{title}</p>
        {why && <p className="text-sm break-words text-quiet">{why}</p>}
      </div>
      <div className="flex flex-wrap gap-2">{children}</div>
    </div>
  );
}

/** The way on, once the server's time is over. */
function Waiting({ seconds, onRetry }: { seconds: number; onRetry: () => void }) {
  const t = useT();
  const [left, setLeft] = useState(Math.ceil(seconds));
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return (
    <Button onClick={onRetry} disabled={left > 0}>
      {left > 0 ? t.count("studio.retryIn", left) : t("common.retry")}
    </Button>
  );
}

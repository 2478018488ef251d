import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { Facts } from "../Facts";
import { useFormats } from "../formats";
import { useMaker } from "../jobs/maker";
import { DecideDialog } from "./DecideDialog";
import { Learned } from "./Learned";
import { type Decision, isOver, type Lesson, mayPromote, useLesson } from "./lessons";
import { Sides } from "./Sides";
import { Way } from "./Way";

/** A lesson: how far it is, both models beside each other, what was learned from, and the decision. */
export function LessonPage({ id }: { id: string }) {
  const t = useT();
  const [deciding, setDeciding] = useState<Decision | null>(null);
  const { data: lesson, error, refetch } = useLesson(id);
  if (!lesson) return <ConsoleFrame title={id}>{error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64" />}</ConsoleFrame>;
  return (
    <ConsoleFrame
      title={t("lessons.titleOf", { deployment: lesson.deployment })}
      actions={
        !isOver(lesson.state) &&
        !lesson.decided_by && (
          <>
            {mayPromote(lesson.state) && (
              <Button look="primary" onClick={() => setDeciding("promote")}>
                {t("lessons.promote")}
              </Button>
            )}
            <Button look="danger" onClick={() => setDeciding("rollback")}>
              {t("lessons.rollback")}
            </Button>
          </>
        )
      }
    >
      <Link href="/console/lessons" className="-mt-3 inline-flex w-fit items-center gap-1 text-quiet underline-offset-4 hover:text-ink hover:underline">
        <ArrowLeft aria-hidden className="size-4" />
        {t("lessons.title")}
      </Link>
      <Way state={lesson.state} />
      {lesson.reason && (
        <p role={lesson.state === "failed" ? "alert" : "status"} className="rounded-sm bg-hover px-3 py-2 break-words">
          {lesson.reason}
        </p>
      )}
      <Sides lesson={lesson} />
      <div className="grid min-w-0 gap-6 lg:grid-cols-2">
        <LessonFacts lesson={lesson} />
        {lesson.data && <Learned data={lesson.data} />}
      </div>
      {deciding && <DecideDialog lesson={lesson} decision={deciding} onClose={() => setDeciding(null)} />}
    </ConsoleFrame>
  );
}

function LessonFacts({ lesson }: { lesson: Lesson }) {
  const t = useT();
  const who = useMaker();
  const { moment, number, percent } = useFormats();
  const run = lesson.run_ids.at(-1);
  const link = "underline underline-offset-4";
  return (
    <Facts
      facts={[
        [t("lessons.kind"), t(`lessons.kind.${lesson.kind}`)],
        [t("lessons.share"), percent(lesson.percent / 100)],
        [t("lessons.ratings"), number(lesson.ratings)],
        [t("lessons.margin"), number(lesson.margin)],
        [t("lessons.since"), lesson.since > 0 && moment(lesson.since)],
        [t("lessons.begun"), moment(lesson.created_at)],
        [t("lessons.decidedBy"), lesson.decided_by && who(lesson.decided_by)],
        [
          t("lessons.job"),
          lesson.job_id && (
            <Link href={`/console/jobs/${lesson.job_id}`} className={link}>
              {t("lessons.open")}
            </Link>
          ),
        ],
        [
          t("lessons.gate"),
          lesson.eval_id && (
            <Link href={`/console/evals/${lesson.eval_id}${run ? `?run=${run}` : ""}`} className={link}>
              {t("lessons.open")}
            </Link>
          ),
        ],
        [t("lessons.project"), lesson.project_id],
        [t("lessons.id"), <code key="id" className="font-mono text-xs break-all">{lesson.id}</code>],
      ]}
    />
  );
}

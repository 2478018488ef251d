import { ArrowLeft } from "lucide-react";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { Skeleton } from "@/ui/Skeleton";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { type Fact, Facts } from "../Facts";
import { useFormats } from "../formats";
import { useNames } from "../names";
import { AboutAnswer } from "./AboutAnswer";
import { useRow, useTriage, type WholeRow } from "./feedback";
import { TriageForm } from "./TriageForm";
import { VerdictMark } from "./VerdictMark";
import { useReason } from "./words";

/** One piece of feedback: what was thought, what it is about where its giver agreed, and what is done about it. */
export function FeedbackItem({ id }: { id: string }) {
  const t = useT();
  const { data: row, error, refetch } = useRow(id);
  return (
    <ConsoleFrame
      title={t("inbox.title")}
      actions={
        <Link href="/console/feedback" className="inline-flex h-8 items-center gap-1.5 rounded-sm px-2 text-quiet hover:bg-hover hover:text-ink coarse:h-11">
          <ArrowLeft aria-hidden className="size-4" />
          {t("inbox.all")}
        </Link>
      }
    >
      {row ? <Shown row={row} /> : error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64" />}
    </ConsoleFrame>
  );
}

function Shown({ row }: { row: WholeRow }) {
  const t = useT();
  useSeen(row);
  return (
    <div className="grid min-w-0 gap-8 lg:grid-cols-[minmax(0,22rem)_minmax(0,1fr)]">
      <RowFacts row={row} />
      <div className="flex min-w-0 flex-col gap-8">
        {row.correction && (
          <section>
            <h2 className="mb-2 font-semibold">{t("inbox.correction")}</h2>
            <p dir="auto" className="max-w-read whitespace-pre-wrap">
              {row.correction}
            </p>
          </section>
        )}
        <AboutAnswer row={row} />
        <TriageForm key={row.updated_at} row={row} />
      </div>
    </div>
  );
}

function RowFacts({ row }: { row: WholeRow }) {
  const t = useT();
  const { moment } = useFormats();
  const reason = useReason();
  const project = useNames("project_id");
  const facts: Fact[] = [
    [t("inbox.verdict"), <VerdictMark key="verdict" verdict={row.verdict} />],
    [t("inbox.reasons"), row.reasons.map(reason).join(", ")],
    [t("chart.time"), moment(row.updated_at)],
    [t("inbox.product"), row.product],
    [t("console.deployment"), row.deployment],
    [t("console.project"), project(row.project_id)],
    [t("console.user"), row.user_name ?? row.user_id],
    [t("inbox.consent"), t(row.consent ? "inbox.agreed" : "inbox.notAgreed")],
    [t("console.run"), row.run_id && <Link key="run" href={`/console/runs/${row.run_id}`} className="font-mono text-xs break-all underline underline-offset-4">{row.run_id}</Link>],
  ];
  return <Facts facts={facts} />;
}

/** What is new has been seen by opening it, once. */
function useSeen(row: WholeRow): void {
  const { mutate } = useTriage(row.id);
  const told = useRef(false);
  useEffect(() => {
    if (told.current || row.state !== "new") return;
    told.current = true;
    mutate({ state: "seen" });
  }, [row.state, mutate]);
}

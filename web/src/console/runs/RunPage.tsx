import { ArrowLeft } from "lucide-react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { Skeleton } from "@/ui/Skeleton";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { type Fact, Facts } from "../Facts";
import { useFormats } from "../formats";
import { useNames } from "../names";
import { KeptNote } from "./KeptNote";
import { OutcomeMark } from "./OutcomeMark";
import { Said } from "./Said";
import { type WholeRun, useRun } from "./runs";
import { Timeline } from "./Timeline";

/** One call: how it ended, where its time went, what it used, and what was said where that is kept. */
export function RunPage({ id }: { id: string }) {
  const t = useT();
  const { data: run, error, refetch } = useRun(id);
  return (
    <ConsoleFrame
      title={t("console.run")}
      actions={
        <Link href="/console/runs" className="inline-flex h-8 items-center gap-1.5 rounded-sm px-2 text-quiet hover:bg-hover hover:text-ink coarse:h-11">
          <ArrowLeft aria-hidden className="size-4" />
          {t("console.allRuns")}
        </Link>
      }
    >
      {run ? <Shown run={run} /> : error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64" />}
    </ConsoleFrame>
  );
}

function Shown({ run }: { run: WholeRun }) {
  const t = useT();
  return (
    <div className="grid min-w-0 gap-8 lg:grid-cols-[minmax(0,22rem)_minmax(0,1fr)]">
      <RunFacts run={run} />
      <div className="flex min-w-0 flex-col gap-8">
        <Timeline run={run} />
        <Said run={run} />
        <KeptNote kept={run.kept} />
        {run.chat_id && <p className="text-quiet">{t("console.chatOwner")}</p>}
      </div>
    </div>
  );
}

function RunFacts({ run }: { run: WholeRun }) {
  const t = useT();
  const nameOf = useNames("project_id");
  const { number, money, moment } = useFormats();
  const code = (text: string | null) => text && <code className="font-mono text-xs break-all">{text}</code>;
  const facts: Fact[] = [
    [t("console.runEnd"), <OutcomeMark key="end" outcome={run.outcome} status={run.status} />],
    [t("console.error"), code(run.error)],
    [t("chart.time"), moment(run.created)],
    [t("console.deployment"), run.deployment && <Link key="of" href={`/console/runs?deployment=${encodeURIComponent(run.deployment)}`} className="underline underline-offset-4">{run.deployment}</Link>],
    [t("console.model"), run.model],
    [t("console.route"), code(run.route)],
    [t("console.tokensIn"), number(run.input_tokens)],
    [t("console.cached"), run.input_cached_tokens > 0 && number(run.input_cached_tokens)],
    [t("console.tokensOut"), number(run.output_tokens)],
    [t("console.images"), run.images > 0 && number(run.images)],
    [t("console.cost"), run.cost && money(run.cost)],
    [t("console.project"), run.project_id && nameOf(run.project_id)],
    [t("console.key"), run.api_key_name ?? code(run.api_key_id)],
    [t("console.user"), run.user_name ?? code(run.user_id)],
    [t("console.chat"), run.chat_id && <Link key="chat" href={`/chat/${run.chat_id}`} className="underline underline-offset-4">{t("console.openChat")}</Link>],
    [t("console.response"), code(run.response_id)],
    [t("console.run"), code(run.id)],
  ];
  return <Facts facts={facts} />;
}

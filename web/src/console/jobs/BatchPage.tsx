import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { Facts } from "../Facts";
import { useFormats } from "../formats";
import { FailedLines } from "./FailedLines";
import { FileLink, JobHead } from "./JobHead";
import { type Batch, isOver, useAct, useBatch } from "./jobs";
import { useMaker } from "./maker";
import { endOf, paceOf } from "./pace";
import { Progress } from "./Progress";

/** A batch: how far it is, what of it went wrong and why, and its files. */
export function BatchPage({ id }: { id: string }) {
  const t = useT();
  const told = useErrorText();
  const { data: batch, error, refetch } = useBatch(id);
  const act = useAct(id);
  if (!batch) return <ConsoleFrame title={id}>{error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64" />}</ConsoleFrame>;
  const stoppable = !isOver(batch.status) && batch.status !== "cancelling";
  const cancel = () => act.mutate("cancel", { onError: (problem) => toast({ text: told(problem), bad: true }) });
  return (
    <ConsoleFrame
      title={t("jobs.batchTitle")}
      actions={
        stoppable && (
          <Button look="danger" busy={act.isPending} onClick={cancel}>
            {t("jobs.cancel")}
          </Button>
        )
      }
    >
      <JobHead state={batch.status} />
      <div className="grid min-w-0 gap-6 lg:grid-cols-[22rem_minmax(0,1fr)]">
        <BatchFacts batch={batch} />
        <div className="flex min-w-0 flex-col gap-6">
          {batch.errors && <InputErrors batch={batch} />}
          {batch.error_file_id && <FailedLines file={batch.error_file_id} />}
          {!batch.errors && !batch.error_file_id && <p className="text-quiet">{t(batch.request_counts.failed > 0 ? "jobs.failedLater" : "jobs.noFailures")}</p>}
        </div>
      </div>
    </ConsoleFrame>
  );
}

function BatchFacts({ batch }: { batch: Batch }) {
  const t = useT();
  const who = useMaker();
  const { number, moment } = useFormats();
  const { total, completed, failed } = batch.request_counts;
  const pace = paceOf(batch, Date.now() / 1000);
  const end = endOf(batch);
  return (
    <Facts
      facts={[
        [t("jobs.progress"), <span key="progress" className="inline-flex"><Progress done={completed + failed} bad={failed} total={total} /></span>],
        [t("jobs.failed"), number(failed)],
        [t("jobs.pace"), pace && t("jobs.perMinute", { count: number(Math.round(pace.perMinute)) })],
        [t("jobs.finish"), pace && moment(pace.finish)],
        [t("jobs.endpoint"), <code key="endpoint" className="font-mono text-xs">{batch.endpoint}</code>],
        [t("console.model"), batch.model],
        [t("jobs.created"), moment(batch.created_at)],
        [t("jobs.ended"), end && moment(end)],
        [t("jobs.expires"), !end && batch.expires_at && moment(batch.expires_at)],
        [t("jobs.tokensIn"), batch.usage && isOver(batch.status) && number(batch.usage.input_tokens)],
        [t("jobs.tokensOut"), batch.usage && isOver(batch.status) && number(batch.usage.output_tokens)],
        [t("jobs.who"), who(batch.created_by)],
        [t("jobs.input"), <FileLink key="input" id={batch.input_file_id} name={t("jobs.file")} />],
        [t("jobs.output"), batch.output_file_id && <FileLink id={batch.output_file_id} name={t("jobs.file")} />],
        [t("jobs.errors"), batch.error_file_id && <FileLink id={batch.error_file_id} name={t("jobs.file")} />],
        [t("jobs.id"), <code key="id" className="font-mono text-xs break-all">{batch.id}</code>],
      ]}
    />
  );
}

/** What is wrong with the file that was to be run, by line. */
function InputErrors({ batch }: { batch: Batch }) {
  const t = useT();
  return (
    <section className="flex min-w-0 flex-col gap-2">
      <h2 className="font-semibold">{t("jobs.inputErrors")}</h2>
      <ul role="alert" className="flex flex-col gap-1 rounded-md bg-bad-wash p-3 text-bad">
        {batch.errors?.data.map(({ line, message }, place) => (
          <li key={place} className="min-w-0 break-words">
            {line === null ? message : t("jobs.inLine", { line, message })}
          </li>
        ))}
      </ul>
    </section>
  );
}

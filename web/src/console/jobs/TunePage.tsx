import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { Facts } from "../Facts";
import { useFormats } from "../formats";
import { Curves } from "./Curves";
import { Events } from "./Events";
import { FileLink, JobHead } from "./JobHead";
import { isOver, type Tune, type TuneEvent, useAct, useEvents, useTune } from "./jobs";
import { Made } from "./Made";
import { useMaker } from "./maker";
import { Progress } from "./Progress";

/** A fine-tuning job: its curves while it runs, what happened in it, and what it made. */
export function TunePage({ id }: { id: string }) {
  const t = useT();
  const told = useErrorText();
  const { data: tune, error, refetch } = useTune(id);
  const { data: events } = useEvents(id, tune !== undefined && !isOver(tune.status));
  const act = useAct(id);
  if (!tune) return <ConsoleFrame title={id}>{error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64" />}</ConsoleFrame>;
  const { status } = tune;
  const run = (name: "cancel" | "pause" | "resume") => act.mutate(name, { onError: (problem) => toast({ text: told(problem), bad: true }) });
  return (
    <ConsoleFrame
      title={t("jobs.tuneTitle", { model: tune.model })}
      actions={
        !isOver(status) && (
          <>
            {(status === "queued" || status === "running") && (
              <Button busy={act.isPending} onClick={() => run("pause")}>
                {t("jobs.pause")}
              </Button>
            )}
            {status === "paused" && (
              <Button look="primary" busy={act.isPending} onClick={() => run("resume")}>
                {t("jobs.resume")}
              </Button>
            )}
            <Button look="danger" busy={act.isPending} onClick={() => run("cancel")}>
              {t("jobs.cancel")}
            </Button>
          </>
        )
      }
    >
      <JobHead state={status} />
      {tune.error && (
        <p role="alert" className="rounded-sm bg-bad-wash px-3 py-2 break-words text-bad">
          {tune.error.message}
        </p>
      )}
      <Made tune={tune} />
      <div className="grid min-w-0 gap-6 lg:grid-cols-[22rem_minmax(0,1fr)]">
        <TuneFacts tune={tune} events={events ?? []} />
        <Curves events={events ?? []} running={!isOver(status)} />
      </div>
      <Events events={events} />
    </ConsoleFrame>
  );
}

function TuneFacts({ tune, events }: { tune: Tune; events: readonly TuneEvent[] }) {
  const t = useT();
  const who = useMaker();
  const { number, moment } = useFormats();
  const last = events.findLast(({ data }) => data?.["total_steps"] !== undefined)?.data;
  const method = tune.method.type;
  const numbers = Object.entries(tune.hyperparameters).map(([name, value]) => [name, String(value)] as const);
  return (
    <Facts
      facts={[
        [t("jobs.steps"), last && <span key="steps" className="inline-flex"><Progress done={last["step"] ?? 0} total={last["total_steps"] ?? 0} /></span>],
        [t("jobs.finish"), tune.status === "running" && tune.estimated_finish && moment(tune.estimated_finish)],
        [t("jobs.method"), method],
        ...numbers,
        [t("jobs.seed"), String(tune.seed)],
        [t("jobs.suffix"), tune.suffix],
        [t("jobs.created"), moment(tune.created_at)],
        [t("jobs.ended"), tune.finished_at && moment(tune.finished_at)],
        [t("jobs.trained"), tune.trained_tokens && number(tune.trained_tokens)],
        [t("jobs.who"), who(tune.created_by)],
        [t("jobs.training"), <FileLink key="training" id={tune.training_file} name={t("jobs.file")} />],
        [t("jobs.validation"), tune.validation_file && <FileLink id={tune.validation_file} name={t("jobs.file")} />],
        ...tune.result_files.map((id, place) => [t("jobs.result", { number: place + 1 }), <FileLink key={id} id={id} name={t("jobs.file")} />] as const),
        [t("jobs.id"), <code key="id" className="font-mono text-xs break-all">{tune.id}</code>],
      ]}
    />
  );
}

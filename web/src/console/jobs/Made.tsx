import { useT } from "@/i18n";
import { Link } from "wouter";
import { useFormats } from "../formats";
import { isOver, type Tune, useCheckpoints } from "./jobs";

/** What a job made: its model, and those on its way, each of which can be called. */
export function Made({ tune }: { tune: Tune }) {
  const t = useT();
  const { number } = useFormats();
  const { data } = useCheckpoints(tune.id, !isOver(tune.status));
  const checkpoints = data?.data ?? [];
  if (!tune.fine_tuned_model && checkpoints.length === 0) return null;
  return (
    <section className="flex min-w-0 flex-col gap-2 rounded-md border border-line p-4">
      <h2 className="font-semibold">{t("jobs.made")}</h2>
      {tune.fine_tuned_model && (
        <p className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
          <code className="min-w-0 font-mono text-xs break-all">{tune.fine_tuned_model}</code>
          <Link href="/console/playground" className="underline underline-offset-4">
            {t("jobs.try")}
          </Link>
        </p>
      )}
      {checkpoints.length > 0 && (
        <ul className="flex min-w-0 flex-col gap-1" aria-label={t("jobs.checkpoints")}>
          {checkpoints.map(({ id, step_number, fine_tuned_model_checkpoint: name, metrics }) => (
            <li key={id} className="min-w-0 break-all text-quiet">
              {t("jobs.atStep", { step: step_number })} · <code className="font-mono text-xs">{name}</code>
              {metrics["valid_loss"] !== undefined && ` · ${t("jobs.loss")} ${number(metrics["valid_loss"])}`}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

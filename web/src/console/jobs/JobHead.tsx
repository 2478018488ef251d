import { ArrowLeft } from "lucide-react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { type State } from "./jobs";
import { StateMark } from "./StateMark";

/** The way back, and how far it is: below the name of a job. */
export function JobHead({ state }: { state: State }) {
  const t = useT();
  return (
    <div className="-mt-3 flex flex-wrap items-center gap-4" role="status">
      <Link href="/console/jobs" className="inline-flex items-center gap-1 text-quiet underline-offset-4 hover:text-ink hover:underline">
        <ArrowLeft aria-hidden className="size-4" />
        {t("console.jobs")}
      </Link>
      <StateMark state={state} />
    </div>
  );
}

/** A file that a job reads or made. */
export function FileLink({ id, name }: { id: string; name?: string }) {
  return (
    <Link href={`/console/datasets/${id}`} className="underline underline-offset-4">
      {name ?? id}
    </Link>
  );
}

import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { ApiError } from "@/api/client";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { type Filter, type Policy, useFilter, useSetFilter, useTrial } from "./filters";
import { PolicyEditor } from "./PolicyEditor";
import { TestBox, type Typed } from "./TestBox";
import { useSettled } from "./useSettled";

/** What one deployment filters: changed, tried on a text, and then put in force. */
export function FilterPage({ name }: { name: string }) {
  const { data, error, refetch } = useFilter(name);
  if (data) return <Editing filter={data} />;
  return <ConsoleFrame title={name}>{error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64" />}</ConsoleFrame>;
}

function Editing({ filter }: { filter: Filter }) {
  const t = useT();
  const told = useErrorText();
  const { deployment, presets } = filter;
  const [draft, setDraft] = useState<Policy | null>(filter.policy);
  const [typed, setTyped] = useState<Typed>({ text: "", side: "prompt" });
  const save = useSetFilter(deployment);
  const changed = JSON.stringify(draft) !== JSON.stringify(filter.policy);
  const trial = useTrial(deployment, useSettled(draft), useSettled(typed.text), typed.side);
  const change = (policy: Policy | null) => {
    save.reset();
    setDraft(policy);
  };
  // A refusal with a field stands beside that field; it is of what is in the form now, whichever of the two was asked.
  const refusal = save.error ?? trial.error;
  const wrong = refusal instanceof ApiError && refusal.param ? { field: refusal.param.replace(/^policy\./, ""), message: refusal.message } : null;
  return (
    <ConsoleFrame
      title={deployment}
      actions={
        <>
          {changed && <Button onClick={() => change(filter.policy)}>{t("filters.undo")}</Button>}
          <Button
            look="primary"
            busy={save.isPending}
            disabled={!changed}
            onClick={() =>
              save.mutate(draft, {
                onSuccess: ({ policy }) => {
                  setDraft(policy);
                  toast({ text: t(policy ? "filters.saved" : "filters.savedOff", { name: deployment }) });
                },
              })
            }
          >
            {t("filters.save")}
          </Button>
        </>
      }
    >
      <div className="-mt-3 flex flex-wrap items-center gap-x-4 gap-y-1">
        <Link href="/console/filters" className="inline-flex items-center gap-1 text-quiet underline-offset-4 hover:text-ink hover:underline">
          <ArrowLeft aria-hidden className="size-4" />
          {t("console.filters")}
        </Link>
        <p role="status" className={changed ? "text-warn" : "text-quiet"}>
          {t(changed ? "filters.unsaved" : "filters.inForce")}
        </p>
      </div>
      {save.error && !wrong && (
        <p role="alert" className="rounded-sm bg-bad-wash px-3 py-2 text-bad">
          {told(save.error)}
        </p>
      )}
      <div className="grid min-w-0 gap-8 xl:grid-cols-[minmax(0,1fr)_24rem]">
        <PolicyEditor policy={draft} presets={presets} wrong={wrong} onChange={change} />
        <div className="min-w-0 xl:sticky xl:top-6 xl:self-start">
          <TestBox typed={typed} onType={setTyped} policy={draft} trial={trial.data} error={wrong ? null : trial.error} busy={trial.isFetching} />
        </div>
      </div>
    </ConsoleFrame>
  );
}

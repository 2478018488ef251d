import { Images } from "lucide-react";
import { useRef } from "react";
import { useSearchParams } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { CandidateGrid } from "./CandidateGrid";
import { usePainters } from "./deployments";
import { FailureNote } from "./FailureNote";
import { useStep } from "./gallery";
import { isRunning, stop, useMakings } from "./making";
import { NoPainter } from "./NoPainter";
import { OptionsBar } from "./OptionsBar";
import { useOptions } from "./options";
import { PromptForm, type PromptHandle } from "./PromptForm";
import { StepGrid } from "./StepGrid";
import { useMake } from "./useMake";
import { generation } from "./wish";

const EXAMPLES = ["studio.example1", "studio.example2", "studio.example3"] as const;

/** Where pictures begin: words below, pictures above as they form. */
export function NewPage() {
  const t = useT();
  const [params] = useSearchParams();
  const options = useOptions();
  const { known, chosen } = usePainters();
  const form = useRef<PromptHandle>(null);
  const makings = useMakings().filter((one) => one.wish.parent === null);
  const step = params.get("step");
  const kept = useStep(step);
  const make = useMake();
  if (known && !chosen) return <NoPainter />;

  // What is finished has an address of its own; without one the page begins anew.
  const making = step ? makings.find((one) => one.step === step) : makings.find((one) => one.step === null);
  const running = making && isRunning(making) ? making : null;
  const ask = (prompt: string) => make(generation(prompt, { ...options, deployment: chosen?.id ?? null }));
  return (
    <div className="flex min-h-0 grow flex-col">
      <div className="flex min-h-0 grow flex-col overflow-y-auto px-4 py-4">
        {making ? (
          <div className="m-auto flex w-full flex-col items-center gap-4">
            {(running || making.candidates.some((one) => one.state === "done")) && <CandidateGrid making={making} />}
            <FailureNote making={making} onPrompt={() => form.current?.focus()} />
          </div>
        ) : step ? (
          <StepGrid pictures={kept} />
        ) : (
          <EmptyState
            icon={<Images aria-hidden />}
            title={t("studio.start")}
            actions={EXAMPLES.map((key) => (
              <button
                key={key}
                type="button"
                className="min-h-9 rounded-full border border-line-strong px-3.5 py-1.5 text-left text-quiet hover:bg-hover hover:text-ink coarse:min-h-11"
                onClick={() => form.current?.put(t(key))}
              >
                {t(key)}
              </button>
            ))}
          >
            {t("studio.startWhy")}
          </EmptyState>
        )}
      </div>
      <div className="mx-auto w-full max-w-3xl shrink-0 px-4 pb-[max(1rem,env(safe-area-inset-bottom))]">
        <PromptForm
          ref={form}
          memory="new"
          placeholder={t("studio.describe")}
          action={t("studio.draw")}
          needsPrompt
          onAsk={ask}
          onStop={running ? () => stop(running.key) : undefined}
        >
          <OptionsBar shape />
        </PromptForm>
      </div>
    </div>
  );
}

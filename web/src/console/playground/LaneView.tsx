import { ApiError } from "@/api/client";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import type { Bench, Lane } from "./bench";
import { Insertion } from "./Insertion";
import { Pictures } from "./Pictures";
import { RunLine } from "./RunLine";
import { Scores } from "./Scores";
import { TextAnswers } from "./TextAnswers";
import type { Run } from "./useRun";
import { Vectors } from "./Vectors";

type LaneViewProps = {
  /** Of two lanes: which one this is. */
  name: string | undefined;
  lane: Lane;
  run: Run | null;
  /** Take what was made into what is asked next. */
  onTake: (bench: Bench) => void;
  /** The same, and ask it. */
  onAsk: (bench: Bench) => void;
};

/** What one deployment made of what was asked. */
export function LaneView({ name, lane, run, onTake, onAsk }: LaneViewProps) {
  const t = useT();
  const title = name ? `${name}: ${lane.deployment}` : t("play.output");
  return (
    <section aria-label={title} aria-busy={run?.state === "running"} className="flex min-w-0 flex-col gap-3 rounded-md border border-line p-4" data-lane>
      {name && <h2 className="font-semibold break-all">{title}</h2>}
      {run ? (
        <>
          <Outcome run={run} onTake={onTake} onAsk={onAsk} />
          {run.state === "failed" && <Refusal error={run.error} />}
          {run.state === "stopped" && <p className="text-quiet">{t("play.stopped")}</p>}
          <RunLine run={run} />
        </>
      ) : (
        <p className="text-quiet">{t("play.nothingYet")}</p>
      )}
    </section>
  );
}

type OutcomeProps = { run: Run; onTake: (bench: Bench) => void; onAsk: (bench: Bench) => void };

function Outcome({ run, onTake, onAsk }: OutcomeProps) {
  const { bench, made } = run;
  switch (bench.tab) {
    case "chat":
      return <TextAnswers run={run} input={bench.input} onTurns={(turns, mocks) => onTake({ ...bench, input: { turns, mocks } })} onAskTurns={(turns, mocks) => onAsk({ ...bench, input: { turns, mocks } })} />;
    case "completion":
      return <Insertion run={run} text={bench.input.text} onKeep={(text) => onTake({ ...bench, input: { text } })} />;
    case "images":
      return <Pictures pictures={made.pictures} body={run.call.body} running={run.state === "running"} />;
    case "embeddings":
      return <Vectors vectors={made.vectors} texts={bench.input.texts.filter((text) => text.trim() !== "")} />;
    case "rewards":
      return <Scores scores={made.scores} answers={bench.input.answers.filter((answer) => answer.trim() !== "")} />;
  }
}

const TOLD = /\d\s?(ms|s|m|h|second)/;

function Refusal({ error }: { error: unknown }) {
  const t = useT();
  const errorText = useErrorText();
  // Our own limits tell the wait in their words; other servers tell it in a header only.
  const wait = error instanceof ApiError && !TOLD.test(error.message) ? error.retryAfter : null;
  return (
    <div role="alert" className="rounded-md bg-bad-wash px-3 py-2 text-bad">
      {errorText(error)}
      {wait !== null && <span> {t.count("play.wait", Math.ceil(wait))}</span>}
    </div>
  );
}

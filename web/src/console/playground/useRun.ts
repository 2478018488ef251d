import { useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import type { Call } from "@/parts/callCode";
import { askPictures, askScores, askVectors } from "./askOthers";
import { askText } from "./askText";
import type { Bench, TabName } from "./bench";
import { type Made, NOTHING, type Tell } from "./made";

const STEP_MS = 50; // between two drawings of an answer that grows

/** One call: how far it is, what it brought, how long it took. `bench`: what was on the page when it was asked. */
export type Run = {
  state: "running" | "done" | "stopped" | "failed";
  bench: Bench;
  call: Call;
  made: Made;
  firstMs: number | null;
  totalMs: number | null;
  error: unknown;
};

type Ask = (call: Call, signal: AbortSignal, tell: Tell) => Promise<void>;
const ASK: Record<TabName, Ask> = {
  chat: (...asked) => askText("/v1/chat/completions", ...asked),
  completion: (...asked) => askText("/v1/completions", ...asked),
  images: (...asked) => askPictures("/v1/images/generations", ...asked),
  embeddings: (...asked) => askVectors("/v1/embeddings", ...asked),
  rewards: (...asked) => askScores("/v1/rewards", ...asked),
};

/** Asks one lane's calls, one at a time. */
export function useRun() {
  const [run, setRun] = useState<Run | null>(null);
  const current = useRef<AbortController | null>(null);
  useEffect(() => () => current.current?.abort(), []);

  const start = async (bench: Bench, call: Call): Promise<void> => {
    current.current?.abort();
    const control = new AbortController();
    current.current = control;
    const began = performance.now();
    let now: Run = { state: "running", bench, call, made: NOTHING, firstMs: null, totalMs: null, error: null };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer = undefined;
      if (current.current === control) setRun(now);
    };
    show();
    const tell: Tell = (made) => {
      const came = made.choices?.some((one) => one.text || one.reasoning || one.calls.length > 0) || made.pictures?.length || made.vectors || made.scores;
      now = { ...now, made: { ...now.made, ...made }, firstMs: now.firstMs ?? (came ? performance.now() - began : null) };
      timer ??= setTimeout(show, STEP_MS);
    };
    try {
      await ASK[bench.tab](call, control.signal, tell);
      now = { ...now, state: "done" };
    } catch (error) {
      if (!control.signal.aborted && !(error instanceof ApiError) && !(error instanceof TypeError)) throw error;
      // A connection that broke in mid-stream is a TypeError of the browser's.
      now = control.signal.aborted ? { ...now, state: "stopped" } : { ...now, state: "failed", error };
    } finally {
      clearTimeout(timer);
      now = { ...now, totalMs: performance.now() - began };
      show();
    }
  };
  const stop = () => current.current?.abort();
  const clear = () => {
    stop();
    current.current = null;
    setRun(null);
  };
  return { run, start, stop, clear };
}

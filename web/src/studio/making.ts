import { useSyncExternalStore } from "react";
import { ApiError, send } from "@/api/client";
import { eventsOf } from "@/api/stream";
import { fileOf } from "@/parts/pictureFile";
import { formOf, PATHS, type Wish } from "./wish";

/** One of the pictures of a request, as far as it has come. */
export type Candidate = {
  index: number;
  state: "waiting" | "forming" | "done" | "missing";
  /** What is to be seen of it: an address of this browser's. */
  url: string | null;
  file: Blob | null;
  seed: number | null;
  revised: string;
  /** Its id in the gallery, once it is kept there. */
  id: string | null;
  /** Why the gallery could not keep it. */
  unkept: string;
};

/** A request under way, or over. */
export type Making = {
  key: number;
  wish: Wish;
  state: "asked" | "drawing" | "done" | "stopped" | "failed";
  candidates: readonly Candidate[];
  error: unknown;
  /** What the gallery calls it, once all of it is kept there. */
  step: string | null;
};

const KEPT = 12; // over ones that are remembered, with their pictures
let all: readonly Making[] = [];
let count = 0;
const stops = new Map<number, AbortController>();
const listeners = new Set<() => void>();

function set(next: readonly Making[]): void {
  all = next;
  for (const listener of listeners) listener();
}

function change(key: number, changes: Partial<Making> | ((making: Making) => Partial<Making>)): void {
  set(all.map((one) => (one.key === key ? { ...one, ...(typeof changes === "function" ? changes(one) : changes) } : one)));
}

/** Everything that has been asked for since the page was opened, newest first. */
export function useMakings(): readonly Making[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => all,
  );
}

export function isRunning(making: Making): boolean {
  return making.state === "asked" || making.state === "drawing";
}

/** Have pictures made; goes on while other pages are shown. Returns its key; `onEnd` when it is over, however. */
export function make(wish: Wish, onEnd: (making: Making) => void): number {
  count += 1;
  const key = count;
  const many = typeof wish.body["n"] === "number" ? wish.body["n"] : 1;
  const candidates = Array.from({ length: many }, (_, index): Candidate => ({ index, state: "waiting", url: null, file: null, seed: null, revised: "", id: null, unkept: "" }));
  const making: Making = { key, wish, state: "asked", candidates, error: null, step: null };
  forget(all.slice(KEPT - 1).filter((one) => !isRunning(one)));
  set([making, ...all]);
  void run(making).then(() => {
    const over = all.find((one) => one.key === key);
    if (over) onEnd(over);
  });
  return key;
}

/** Make no more of it. What is finished stays. */
export function stop(key: number): void {
  stops.get(key)?.abort();
}

/** The gallery keeps all of it, under this name. */
export function nameStep(key: number, step: string): void {
  change(key, { step });
}

/** Take away what was told of a request. */
export function dismiss(key: number): void {
  forget(all.filter((one) => one.key === key && !isRunning(one)));
}

function forget(gone: readonly Making[]): void {
  for (const { candidates } of gone) for (const { url } of candidates) if (url) URL.revokeObjectURL(url);
  set(all.filter((one) => !gone.includes(one)));
}

async function run({ key, wish }: Making): Promise<void> {
  const stopping = new AbortController();
  stops.set(key, stopping);
  try {
    const body = wish.route === "/images/generations" ? wish.body : formOf(wish);
    const answer = await send("POST", PATHS[wish.route], body, { signal: stopping.signal, headers: { accept: "text/event-stream, application/json" } });
    if (answer.headers.get("content-type")?.startsWith("text/event-stream")) {
      for await (const event of eventsOf<PictureEvent>(answer)) take(key, event);
    } else takeWhole(key, (await answer.json()) as WholeAnswer, wish);
    const over = all.find((one) => one.key === key);
    // A stream that was cut ends like a good one, but for what is missing.
    if (over?.state !== "failed") end(key, over?.candidates.every((one) => one.state === "done") ? "done" : "failed", null);
  } catch (error) {
    if (stopping.signal.aborted) end(key, "stopped", null);
    else end(key, "failed", error instanceof ApiError ? error : null); // null: cut in the middle
  } finally {
    stops.delete(key);
  }
}

function end(key: number, state: "done" | "stopped" | "failed", error: unknown): void {
  change(key, ({ candidates }) => ({ state, error, candidates: candidates.map((one) => (one.state === "done" ? one : { ...one, state: "missing" as const })) }));
}

type PictureEvent = {
  type?: string;
  b64_json?: string;
  output_format?: string;
  index?: number;
  seed?: number;
  id?: string;
  revised_prompt?: string;
  store_error?: { message?: string };
  error?: { message?: string; code?: string | null; param?: string | null };
};
type WholeAnswer = { data?: PictureEvent[]; output_format?: string };

function take(key: number, event: PictureEvent): void {
  if (event.error) {
    const { message, code, param } = event.error;
    end(key, "failed", new ApiError(500, message ?? "", code ?? "", param ?? null));
    return;
  }
  if (!event.b64_json || !event.type) return;
  const done = event.type.endsWith(".completed");
  const file = fileOf(event.b64_json, event.output_format ?? "png");
  change(key, ({ candidates }) => {
    // Servers that make one picture a stream say no index.
    const at = event.index ?? candidates.find((one) => one.state !== "done")?.index ?? 0;
    return {
      state: "drawing",
      candidates: candidates.map((one) => (one.index === at ? withPicture(one, event, file, done ? "done" : "forming") : one)),
    };
  });
}

function takeWhole(key: number, answer: WholeAnswer, wish: Wish): void {
  const items = answer.data ?? [];
  const format = answer.output_format ?? String(wish.body["output_format"] ?? "png");
  change(key, ({ candidates }) => ({
    candidates: candidates.map((one) => {
      const item = items[one.index];
      return item?.b64_json ? withPicture(one, item, fileOf(item.b64_json, format), "done") : one;
    }),
  }));
}

function withPicture(before: Candidate, told: PictureEvent, file: Blob, state: Candidate["state"]): Candidate {
  if (before.url) URL.revokeObjectURL(before.url);
  return {
    ...before,
    state,
    file,
    url: URL.createObjectURL(file),
    seed: told.seed ?? before.seed,
    revised: told.revised_prompt ?? before.revised,
    id: told.id ?? before.id,
    unkept: told.store_error?.message ?? "",
  };
}

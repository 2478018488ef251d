import { api, send } from "./client";
import { whenReachable } from "./connection";
import { ApiError } from "./errors";

/** One event of a stored response: its type and number, and what else it holds. */
export type StreamEvent = { type: string; sequence_number: number } & Record<string, unknown>;

type Following = {
  /** Number of the last event seen; -1 = none. */
  after?: number;
  signal: AbortSignal;
  onEvent: (event: StreamEvent) => void;
};

const LAST = new Set(["response.completed", "response.failed", "response.incomplete", "response.cancelled", "error"]);
const LONGEST_PAUSE_MS = 8000;

/**
 * Follow a stored response (the path of one) to its end, through lost connections and restarted servers: each time
 * from the event after the last one seen. Throws ApiError where the server refuses, and the signal's reason.
 */
export async function follow(path: string, { after = -1, signal, onEvent }: Following): Promise<void> {
  let last = after;
  let pause = 250;
  for (;;) {
    try {
      const from = last >= 0 ? `&starting_after=${last}` : "";
      const answer = await send("GET", `${path}?stream=true${from}`, undefined, {
        signal,
        headers: { accept: "text/event-stream" },
      });
      for await (const event of eventsOf(answer)) {
        pause = 250;
        if (event.sequence_number <= last) continue;
        last = event.sequence_number;
        onEvent(event);
        if (LAST.has(event.type)) return;
      }
      // What somebody stopped ends without an event that says so.
      const { status, ...response } = await api.get<{ status: string }>(path, { signal });
      if (status !== "queued" && status !== "in_progress") {
        onEvent({ type: `response.${status}`, sequence_number: last + 1, response });
        return;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof ApiError && error.status < 500 && error.status !== 429 && !error.unreachable) throw error;
      if (error instanceof ApiError && error.retryAfter) pause = Math.max(pause, error.retryAfter * 1000);
    }
    await whenReachable(signal);
    await sleep(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** The JSON objects of a server-sent event stream, as they come. */
export async function* eventsOf<Told = StreamEvent>(answer: Response): AsyncGenerator<Told> {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value.replaceAll("\r\n", "\n");
      let end = rest.indexOf("\n\n");
      while (end >= 0) {
        const event = parse<Told>(rest.slice(0, end));
        if (event) yield event;
        rest = rest.slice(end + 2);
        end = rest.indexOf("\n\n");
      }
    }
  } finally {
    void reader.cancel().catch(() => undefined); // already closed, or broken: either way we are done with it
  }
}

function parse<Told>(block: string): Told | null {
  const data = block
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trimStart())
    .join("\n");
  return data && data !== "[DONE]" ? (JSON.parse(data) as Told) : null;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

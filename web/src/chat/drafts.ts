import { useCallback, useSyncExternalStore } from "react";
import { ApiError, api } from "@/api/client";
import { follow, type StreamEvent } from "@/api/stream";
import { fileOf } from "@/parts/pictureFile";
import type { Call, ContentFilter, Message, Status } from "./types";

/** An answer as far as it has come. `picture`: what has been seen of its picture, an address of this browser's. */
export type Draft = { text: string; calls: readonly Call[]; picture: string | null; status: Status; thinking: boolean; error: string | null; filters: ContentFilter[] | null };

// One update of the page per so much time, however many words come meanwhile.
const BEAT_MS = 50;
const NEW: Draft = { text: "", calls: [], picture: null, status: "in_progress", thinking: false, error: null, filters: null };
const ENDS: Record<string, Status> = {
  "response.completed": "completed",
  "response.incomplete": "incomplete",
  "response.cancelled": "cancelled",
  "response.failed": "failed",
  error: "failed",
};

type Following = { draft: Draft; pending: string; timer: ReturnType<typeof setTimeout> | undefined; stop: AbortController };

// Beside React: an answer goes on while its reader looks at another chat, and only those who show it hear of its words.
const followed = new Map<string, Following>();
const listeners = new Map<string, Set<() => void>>();

/** The answer in the making of a message; undefined where none is followed here. */
export function useDraft(message: string): Draft | undefined {
  return useSyncExternalStore(
    (listener) => hear(message, listener),
    () => followed.get(message)?.draft,
  );
}

/** Which of these messages are being written. An answer is over when its stream says so, before its chat is read again. */
export function useRunning(messages: readonly Message[]): Message[] {
  const open = messages.filter((message) => message.status === "in_progress");
  const ids = open.map((message) => message.id).join();
  const subscribe = useCallback(
    (listener: () => void) => {
      const deaf = ids.split(",").map((id) => hear(id, listener));
      return () => deaf.forEach((stop) => stop());
    },
    [ids],
  );
  const running = useSyncExternalStore(subscribe, () => ids.split(",").filter(isRunning).join());
  return open.filter((message) => running.includes(message.id));
}

/** Where it was stopped here, until its server knows: nothing can be asked under it before. */
function isRunning(message: string): boolean {
  const own = followed.get(message);
  return !own || own.draft.status === "in_progress" || own.stop.signal.aborted;
}

function hear(message: string, listener: () => void): () => void {
  const all = listeners.get(message) ?? new Set();
  listeners.set(message, all.add(listener));
  return () => {
    all.delete(listener);
    if (all.size === 0) listeners.delete(message);
  };
}

/** Follow the answer of a message from its first word to its end, once. `onEnd` gets what came when there will be no more. */
export function attend(message: Message, onEnd: (draft: Draft) => void): void {
  const { id, response_id: response } = message;
  if (!response || message.status !== "in_progress" || followed.has(id)) return;
  const own: Following = { draft: NEW, pending: "", timer: undefined, stop: new AbortController() };
  followed.set(id, own);
  follow(`/v1/responses/${response}`, { signal: own.stop.signal, onEvent: (event) => take(id, own, event) })
    .catch((error: unknown) => {
      if (own.stop.signal.aborted) return; // stopped here: the page says so already
      if (!(error instanceof ApiError)) throw error;
      show(id, own, { status: "failed", error: error.message });
    })
    .finally(() => onEnd(own.draft));
}

/** Forget what was followed once the message itself is whole; but a picture that was seen is seen on. */
export function settle(message: string): void {
  const own = followed.get(message);
  if (own && own.draft.status !== "in_progress" && !own.draft.picture) followed.delete(message);
}

/** Stop an answer: on the page at once, then where it is made. Throws ApiError. */
export async function stop(message: Message): Promise<void> {
  const own = followed.get(message.id);
  if (own) {
    show(message.id, own, { status: "cancelled" });
    own.stop.abort();
  }
  await api.post(`/v1/responses/${message.response_id}/cancel`);
}

function take(id: string, own: Following, event: StreamEvent): void {
  if (event.type === "response.output_text.delta" || event.type === "response.refusal.delta") {
    own.pending += String(event["delta"]);
    own.timer ??= setTimeout(() => show(id, own, {}), BEAT_MS);
  } else if (event.type === "response.reasoning_text.delta") {
    if (!own.draft.thinking) show(id, own, { thinking: true });
  } else if (event.type === "response.image_generation_call.partial_image") {
    seePicture(id, own, event["partial_image_b64"], event["output_format"]);
  } else if (event.type === "response.output_item.done") {
    const { result, ...call } = event["item"] as Call & { result?: string | null };
    if (call.type !== "function_call" && call.type !== "image_generation_call") return;
    show(id, own, { calls: [...own.draft.calls, call as Call] });
    if (call.type === "image_generation_call") seePicture(id, own, result, call.output_format);
  } else {
    const status = ENDS[event.type];
    if (status) show(id, own, { status, error: errorOf(event), filters: endOf(event)?.content_filters ?? null });
  }
}

/** Another gateway's picture has no bytes on its way: those are in the gallery. */
function seePicture(id: string, own: Following, base64: unknown, format: unknown): void {
  if (typeof base64 !== "string" || !base64) return;
  if (own.draft.picture) URL.revokeObjectURL(own.draft.picture);
  show(id, own, { picture: URL.createObjectURL(fileOf(base64, typeof format === "string" ? format : "png")) });
}

/** The response that a last event carries. */
function endOf(event: StreamEvent) {
  return event["response"] as { error?: { message?: string } | null; content_filters?: ContentFilter[] } | undefined;
}

function errorOf(event: StreamEvent): string | null {
  const message = event.type === "error" ? event["message"] : endOf(event)?.error?.message;
  return typeof message === "string" ? message : null;
}

function show(id: string, own: Following, changes: Partial<Draft>): void {
  clearTimeout(own.timer);
  own.timer = undefined;
  const more = own.pending.replaceAll("\r\n", "\n");
  own.pending = "";
  own.draft = { ...own.draft, text: own.draft.text + more, thinking: own.draft.thinking && !more, ...changes };
  for (const listener of listeners.get(id) ?? []) listener();
}

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api } from "@/api/client";

export type BatchState = "validating" | "failed" | "in_progress" | "finalizing" | "completed" | "expired" | "cancelling" | "cancelled";
export type TuneState = "validating_files" | "queued" | "running" | "paused" | "succeeded" | "failed" | "cancelled";
export type State = BatchState | TuneState;

export type Batch = {
  id: string;
  endpoint: string;
  model: string | null;
  errors: { data: { code: string; message: string; line: number | null }[] } | null;
  input_file_id: string;
  output_file_id: string | null;
  error_file_id: string | null;
  status: BatchState;
  created_at: number;
  in_progress_at: number | null;
  expires_at: number | null;
  completed_at: number | null;
  failed_at: number | null;
  expired_at: number | null;
  cancelled_at: number | null;
  request_counts: { total: number; completed: number; failed: number };
  usage: { input_tokens: number; output_tokens: number } | null;
  created_by: string | null;
};

export type Tune = {
  id: string;
  created_at: number;
  finished_at: number | null;
  error: { message: string } | null;
  fine_tuned_model: string | null;
  hyperparameters: Record<string, unknown>;
  model: string;
  method: { type?: string };
  result_files: string[];
  seed: number;
  status: TuneState;
  trained_tokens: number | null;
  training_file: string;
  validation_file: string | null;
  estimated_finish: number | null;
  suffix?: string;
  created_by?: string;
};

export type TuneEvent = { id: string; created_at: number; level: "info" | "warn" | "error"; message: string; type: "message" | "metrics"; data: Record<string, number> | null };
export type Checkpoint = { id: string; created_at: number; fine_tuned_model_checkpoint: string; step_number: number; metrics: Record<string, number> };
type Page<Item> = { data: Item[]; has_more: boolean };
type Named = { id: string; status: State };

const OVER: readonly State[] = ["failed", "completed", "expired", "cancelled", "succeeded"];
const LIVE_MS = 1500; // while something runs
const CALM_MS = 10_000; // somebody else may begin one

export const isOver = (status: State) => OVER.includes(status);
export const isBatch = (id: string) => id.startsWith("batch_");

/** The project's batches and fine-tuning jobs, each list newest first; looked at again, often while one is under way. */
export const useBatches = () => usePages<Batch>("batches", "/v1/batches");
export const useTunes = () => usePages<Tune>("tunes", "/v1/fine_tuning/jobs");

function usePages<Item extends Named>(name: string, path: string) {
  return useInfiniteQuery({
    queryKey: ["jobs", name],
    initialPageParam: "",
    queryFn: ({ pageParam: after, signal }) => api.get<Page<Item>>(`${path}?limit=100${after ? `&after=${after}` : ""}`, { signal }),
    getNextPageParam: (last) => (last.has_more ? (last.data.at(-1)?.id ?? null) : null),
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.data.some(({ status }) => !isOver(status) && status !== "paused")) ? LIVE_MS : CALM_MS),
  });
}

export const useBatch = (id: string) => useOne<Batch>(`/v1/batches/${id}`);
export const useTune = (id: string) => useOne<Tune>(`/v1/fine_tuning/jobs/${id}`);

function useOne<Item extends Named>(path: string) {
  return useQuery({
    queryKey: ["job", path],
    queryFn: ({ signal }) => api.get<Item>(path, { signal }),
    refetchInterval: (query) => (query.state.data && isOver(query.state.data.status) ? false : LIVE_MS),
  });
}

/** All that has happened in a job, oldest first; `live`: what is new is asked for again and again. */
export function useEvents(id: string, live: boolean) {
  const memory = useQueryClient();
  const queryKey = ["job", id, "events"];
  const events = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const found = [...(memory.getQueryData<TuneEvent[]>(queryKey) ?? [])];
      for (;;) {
        const after = found.at(-1)?.id;
        const page = await api.get<Page<TuneEvent>>(`/v1/fine_tuning/jobs/${id}/events?order=asc&limit=100${after ? `&after=${after}` : ""}`, { signal });
        found.push(...page.data);
        if (!page.has_more) return found;
      }
    },
    refetchInterval: live ? LIVE_MS : false,
  });
  useOnceMore(live, events.refetch);
  return events;
}

export function useCheckpoints(id: string, live: boolean) {
  const checkpoints = useQuery({
    queryKey: ["job", id, "checkpoints"],
    queryFn: ({ signal }) => api.get<Page<Checkpoint>>(`/v1/fine_tuning/jobs/${id}/checkpoints?limit=100`, { signal }),
    refetchInterval: live ? CALM_MS : false,
  });
  useOnceMore(live, checkpoints.refetch);
  return checkpoints;
}

/** When something ends, what came at its very end is asked for. */
function useOnceMore(live: boolean, again: () => unknown): void {
  const before = useRef(live);
  useEffect(() => {
    if (before.current && !live) again();
    before.current = live;
  }, [live, again]);
}

/** Cancel, pause or resume a job; it is looked at again at once. */
export function useAct(id: string) {
  const memory = useQueryClient();
  const one = isBatch(id) ? `/v1/batches/${id}` : `/v1/fine_tuning/jobs/${id}`;
  const acts = {
    cancel: () => (isBatch(id) ? api.post(`/v1/batches/${id}/cancel`) : api.post(`/v1/fine_tuning/jobs/${id}/cancel`)),
    pause: () => api.post(`/v1/fine_tuning/jobs/${id}/pause`),
    resume: () => api.post(`/v1/fine_tuning/jobs/${id}/resume`),
  };
  return useMutation({
    mutationFn: (act: keyof typeof acts) => acts[act](),
    onSettled: () => memory.invalidateQueries({ queryKey: ["job", one] }),
  });
}

type NewTune = { model: string; training_file: string; validation_file?: string; suffix?: string; method: Record<string, unknown> };
type NewBatch = { input_file_id: string; endpoint: string; completion_window: "24h" };

export function useStartTune() {
  return useMutation({ mutationFn: (asked: NewTune) => api.post<Tune>("/v1/fine_tuning/jobs", asked) });
}

export function useStartBatch() {
  return useMutation({ mutationFn: (asked: NewBatch) => api.post<Batch>("/v1/batches", asked) });
}

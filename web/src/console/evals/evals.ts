import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";

type Criterion = { name: string; type: string };
export type Eval = { id: string; name: string; created_at: number; testing_criteria: Criterion[] };
export type RunStatus = "queued" | "in_progress" | "completed" | "canceled" | "failed";
export type EvalRun = {
  id: string;
  name: string;
  model: string;
  created_at: number;
  status: RunStatus;
  error: { message: string } | null;
  result_counts: { total: number; errored: number; failed: number; passed: number };
  per_testing_criteria_results: { testing_criteria: string; passed: number; failed: number }[];
};
export type ItemStatus = "pass" | "fail" | "error";
type Said = { role: string; content: string };
export type EvalItem = {
  id: string;
  datasource_item_id: number;
  datasource_item: Record<string, unknown>;
  status: ItemStatus;
  results: { name: string; passed: boolean; score: number; sample?: { error?: string } }[];
  sample: { input: Said[]; output: Said[]; error: { message: string } | null };
};
type Page<T> = { data: T[]; last_id: string | null; has_more: boolean };

export const RUNNING: readonly RunStatus[] = ["queued", "in_progress"];
const LOOK_AGAIN_MS = 1000; // while something runs

/** A project's evals, the newest first. */
export function useEvals() {
  return usePages<Eval>(["evals"], "/v1/evals?order=desc");
}

export function useEval(id: string) {
  return useQuery({ queryKey: ["eval", id], queryFn: ({ signal }) => api.get<Eval>(`/v1/evals/${id}`, { signal }) });
}

/** An eval's runs, the newest first; looked at again while one is under way. */
export function useEvalRuns(id: string) {
  return usePages<EvalRun>(["eval", id, "runs"], `/v1/evals/${id}/runs?order=desc`, (runs) => runs.some((run) => RUNNING.includes(run.status)));
}

/** What became of a run's rows, in their order. */
export function useEvalItems(id: string, run: EvalRun, status: string) {
  const only = status ? `&status=${status}` : "";
  return usePages<EvalItem>(["eval", id, "items", run.id, run.result_counts.total, status], `/v1/evals/${id}/runs/${run.id}/output_items?order=asc${only}`);
}

function usePages<T>(key: readonly unknown[], path: string, again?: (rows: T[]) => boolean) {
  return useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam: after, signal }) => api.get<Page<T>>(`${path}&limit=100${after ? `&after=${after}` : ""}`, { signal }),
    getNextPageParam: (last) => (last.has_more ? last.last_id : null),
    refetchInterval: (query) => (again?.(query.state.data?.pages.flatMap((page) => page.data) ?? []) ? LOOK_AGAIN_MS : false),
  });
}

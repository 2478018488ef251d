import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";

export const KINDS = ["preference", "sft"] as const;
export type Kind = (typeof KINDS)[number];
export type State = "dataset" | "training" | "gating" | "canary" | "waiting" | "promoted" | "rolled_back" | "failed";
/** The way of a lesson that goes well; the other states are its ends. */
export const WAY: readonly State[] = ["dataset", "training", "gating", "canary", "waiting", "promoted"];
export type Decision = "promote" | "rollback";

/** What is known of one of the two models; `down_low` and `down_high` are the 95 % interval of the share of thumbs down. */
export type Side = {
  deployment: string;
  model: string;
  gate: number | null;
  graded: number;
  flagged: number | null;
  up: number;
  down: number;
  down_low: number;
  down_high: number;
};
type LessonData = { examples: number; held_back: number; left_out: Record<string, number>; redacted: Record<string, number>; training_file: string; gate_file: string };
export type Lesson = {
  id: string;
  created_at: number;
  project_id: string;
  deployment: string;
  kind: Kind;
  state: State;
  reason: string;
  percent: number;
  margin: number;
  ratings: number;
  gate: string;
  since: number;
  data: LessonData | null;
  job_id: string;
  eval_id: string;
  run_ids: string[];
  incumbent: Side;
  candidate: Side | null;
  decided_by: string;
};
export type Preview = { examples: number; left_out: Record<string, number>; redacted: Record<string, number> };
type Page = { data: Lesson[]; has_more: boolean; last_id: string | null };

export const LEAST_EXAMPLES = 8;
const LIVE_MS = 3000; // while one is under way

export const isOver = (state: State) => state === "promoted" || state === "rolled_back" || state === "failed";
export const mayPromote = (state: State) => state === "canary" || state === "waiting";

/** The house's lessons, the newest first; looked at again while one is under way. */
export function useLessons() {
  return useInfiniteQuery({
    queryKey: ["lessons"],
    initialPageParam: "",
    queryFn: ({ pageParam: after, signal }) => api.get<Page>(`/v1/organization/lessons?limit=100${after ? `&after=${after}` : ""}`, { signal }),
    getNextPageParam: (last) => (last.has_more ? last.last_id : null),
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.data.some(({ state }) => !isOver(state))) ? LIVE_MS : false),
  });
}

export function useLesson(id: string) {
  return useQuery({
    queryKey: ["lesson", id],
    queryFn: ({ signal }) => api.get<Lesson>(`/v1/organization/lessons/${id}`, { signal }),
    refetchInterval: (query) => (query.state.data && isOver(query.state.data.state) ? false : LIVE_MS),
  });
}

/** What would be learned from the ratings of a deployment's answers. */
export function usePreview(deployment: string, kind: Kind) {
  return useQuery({
    queryKey: ["lesson", "preview", deployment, kind],
    enabled: deployment !== "",
    retry: false,
    queryFn: ({ signal }) => api.post<Preview>("/v1/organization/lessons/preview", { deployment, kind }, { signal }),
  });
}

export type NewLesson = { deployment: string; kind: Kind; percent: number; ratings: number; margin: number };

export function useBegin() {
  const memory = useQueryClient();
  return useMutation({
    mutationFn: (wanted: NewLesson) => api.post<Lesson>("/v1/organization/lessons", wanted),
    onSettled: () => memory.invalidateQueries({ queryKey: ["lessons"] }),
  });
}

/** Promote the candidate, or take it away. */
export function useDecide(id: string) {
  const memory = useQueryClient();
  const acts = {
    promote: () => api.post<Lesson>(`/v1/organization/lessons/${id}/promote`),
    rollback: () => api.post<Lesson>(`/v1/organization/lessons/${id}/rollback`),
  };
  return useMutation({
    mutationFn: (decision: Decision) => acts[decision](),
    onSuccess: (lesson) => memory.setQueryData(["lesson", id], lesson),
    onSettled: () => memory.invalidateQueries({ queryKey: ["lessons"] }),
  });
}

import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { SINCE } from "../runs/runs";

export const STATES = ["new", "seen", "done"] as const;
export type State = (typeof STATES)[number];
export const VERDICTS = ["up", "down"] as const;

/** What somebody thought of an answer, and what was done about it. */
export type Row = {
  id: string;
  product: string;
  project_id: string;
  user_id: string;
  user_name: string | null;
  run_id: string | null;
  chat_id: string | null;
  deployment: string | null;
  verdict: (typeof VERDICTS)[number];
  reasons: string[];
  correction: string | null;
  consent: boolean;
  state: State;
  note: string;
  handled_by: string | null;
  handled_by_name: string | null;
  created_at: number;
  updated_at: number;
};

export type About = { messages: { role: string; content: string }[]; answer: string };
export type WholeRow = Row & { about: About | null };
type Page = { data: Row[]; has_more: boolean; last_id: string | null; counts: Record<State, number> };

export const FILTERS = ["state", "verdict", "reason", "product", "deployment", "project", "since"] as const;
export type Filters = Record<(typeof FILTERS)[number], string>;

/** The filters as the server reads them. */
function queryOf({ state, verdict, reason, product, deployment, project, since }: Filters): URLSearchParams {
  const query = new URLSearchParams();
  const named = { states: state, verdicts: verdict, reasons: reason, products: product, deployments: deployment, project_ids: project };
  for (const [name, value] of Object.entries(named)) if (value) query.set(name, value);
  const seconds = SINCE[since];
  if (seconds) query.set("from", String(Math.floor(Date.now() / 1000) - seconds));
  return query;
}

/** Feedback that fits, what changed last first; more of it is fetched as the reader comes near the end. */
export function useFeedback(filters: Filters) {
  return useInfiniteQuery({
    queryKey: ["feedback", "list", filters],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => {
      const query = queryOf(filters);
      query.set("limit", "100");
      if (pageParam) query.set("after", pageParam);
      return api.get<Page>(`/v1/organization/feedback?${query}`, { signal });
    },
    getNextPageParam: (last) => (last.has_more ? last.last_id : null),
    placeholderData: keepPreviousData,
  });
}

/** Where what fits can be saved from, as far as its givers agreed to that. */
export function exportPath(filters: Filters): string {
  return `/v1/organization/feedback/export?${queryOf(filters)}`;
}

export function useRow(id: string) {
  return useQuery({ queryKey: ["feedback", "one", id], queryFn: ({ signal }) => api.get<WholeRow>(`/v1/organization/feedback/${id}`, { signal }) });
}

/** Say how far one has come with a row. */
export function useTriage(id: string) {
  const memory = useQueryClient();
  return useMutation({
    mutationFn: (changes: { state?: State; note?: string }) => api.post<Row>(`/v1/organization/feedback/${id}`, changes),
    onSuccess: (row) => memory.setQueryData<WholeRow>(["feedback", "one", id], (before) => before && { ...before, ...row }),
    onSettled: () => memory.invalidateQueries({ queryKey: ["feedback", "list"] }),
  });
}

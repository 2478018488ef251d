import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Money } from "../formats";

export const OUTCOMES = ["completed", "failed", "refused", "cancelled"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What this server keeps of calls. */
export type Kept = { recording: "off" | "metadata" | "content"; days: number; redaction: boolean };

/** One call of a model. Times in milliseconds from its coming; null = not known. */
export type Run = {
  id: string;
  created: number;
  route: string;
  operation: string;
  deployment: string | null;
  model: string | null;
  project_id: string | null;
  api_key_id: string | null;
  /** As it is called now; null where the reader may not know. */
  api_key_name: string | null;
  user_id: string | null;
  user_name: string | null;
  status: number;
  outcome: Outcome;
  error: string | null;
  stream: boolean;
  input_tokens: number;
  output_tokens: number;
  input_cached_tokens: number;
  images: number;
  cost: Money | null;
  asked_ms: number | null;
  first_token_ms: number | null;
  total_ms: number;
  response_id: string | null;
  chat_id: string | null;
};

/** What an engine was asked, and what it said. */
export type Part = { input: string; output: string; stream: boolean; cut: boolean };

export type WholeRun = Run & { kept: Kept; contents?: Part[] | null; contents_withheld?: boolean };

type Page = { data: Run[]; has_more: boolean; last_id: string | null; kept: Kept };

export type Filters = { q: string; status: string; deployment: string; project: string; since: string };

export const SINCE: Record<string, number> = { "1h": 3600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000 };
const PAGE = 500;

/** Runs that fit, newest first; more of them are fetched as the reader comes near the end. */
export function useRuns({ q, status, deployment, project, since }: Filters) {
  return useInfiniteQuery({
    queryKey: ["runs", q, status, deployment, project, since],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: String(PAGE) });
      if (q) query.set("q", q);
      if (status) query.set("status", status);
      if (deployment) query.set("deployments", deployment);
      if (project) query.set("project_ids", project);
      const seconds = SINCE[since];
      if (seconds) query.set("from", String(Math.floor(Date.now() / 1000) - seconds));
      if (pageParam) query.set("after", pageParam);
      return api.get<Page>(`/v1/organization/runs?${query}`, { signal });
    },
    initialPageParam: "",
    getNextPageParam: (page) => (page.has_more && page.last_id ? page.last_id : undefined),
    placeholderData: keepPreviousData,
  });
}

/** One run. A call that ended a moment ago is looked for until it has been recorded. */
export function useRun(id: string) {
  return useQuery({ queryKey: ["run", id], queryFn: ({ signal }) => api.get<WholeRun>(`/v1/organization/runs/${id}`, { signal }) });
}

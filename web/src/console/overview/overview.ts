import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Money } from "../formats";

const LIVE_MS = 5000; // the browser asks only while the page can be seen

export const RANGES = ["1h", "24h", "7d", "30d"] as const;
export type RangeName = (typeof RANGES)[number];

/** What some calls add up to; times in milliseconds, null where there were none. */
export type Tally = {
  num_model_requests: number;
  num_failed: number;
  num_refused: number;
  num_cancelled: number;
  input_tokens: number;
  output_tokens: number;
  images: number;
  costs: Money[];
  first_token_p50_ms: number | null;
  first_token_p95_ms: number | null;
  total_p50_ms: number | null;
  total_p95_ms: number | null;
};

export type Step = Tally & { start_time: number; end_time: number };
export type DeploymentTally = Tally & { deployment: string; model: string | null; state: string; waiting: number; running: number };

export type Overview = {
  start_time: number;
  end_time: number;
  step_seconds: number;
  data: Step[];
  total: Tally;
  deployments: DeploymentTally[];
  machine: { memory_bytes: number; memory_available_bytes: number } | null;
};

/** The overview of a range, asked for again and again. */
export function useOverview(range: RangeName, project: string) {
  return useQuery({
    queryKey: ["overview", range, project],
    queryFn: ({ signal }) => api.get<Overview>(`/v1/organization/overview?range=${range}${project && `&project_ids=${encodeURIComponent(project)}`}`, { signal }),
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });
}

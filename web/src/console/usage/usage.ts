import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Money } from "../formats";

export const GROUPS = ["none", "project_id", "user_id", "api_key_id", "deployment", "model"] as const;
export type Group = (typeof GROUPS)[number];
export const STEPS = { "1h": 3600, "1d": 86_400 } as const;
export type StepName = keyof typeof STEPS;
export type Span = { start: number; end: number; step: StepName };

/** What one group used in one step of time. Money in billionths, by currency: sums of them are exact. */
export type Used = { calls: number; input: number; output: number; cached: number; images: number; nano: Record<string, number> };
export type Usage = { starts: number[]; groups: Map<string, Used[]> };

type Result = {
  num_model_requests?: number;
  input_tokens?: number;
  output_tokens?: number;
  input_cached_tokens?: number;
  images?: number;
  amount?: Money;
  line_item?: string | null;
} & Partial<Record<Exclude<Group, "none">, string | null>>;
type Bucket = { start_time: number; results: Result[] };
type Page = { data: Bucket[]; has_more: boolean; next_page: string | null };

const KINDS = [
  "/v1/organization/usage/completions",
  "/v1/organization/usage/embeddings",
  "/v1/organization/usage/moderations",
  "/v1/organization/usage/images",
] as const;
const NANO = 1e9;

export function nothing(): Used {
  return { calls: 0, input: 0, output: 0, cached: 0, images: 0, nano: {} };
}

/** Adds `other` to `sum`. */
export function add(sum: Used, other: Used): void {
  for (const name of ["calls", "input", "output", "cached", "images"] as const) sum[name] += other[name];
  for (const [currency, nano] of Object.entries(other.nano)) sum.nano[currency] = (sum.nano[currency] ?? 0) + nano;
}

/** Usage and costs by group and step: every page of every kind, or an error. Costs are told by the day only. */
export function useUsage(group: Group, { start, end, step }: Span) {
  return useQuery({
    queryKey: ["usage", group, start, end, step],
    queryFn: async ({ signal }): Promise<Usage> => {
      const told = await Promise.all([
        ...KINDS.map((kind) => all(kind, { start, end, step, group }, signal)),
        ...(step === "1d" ? [all("/v1/organization/costs", { start, end, step, group: group === "model" ? "line_item" : group }, signal)] : []),
      ]);
      return gathered(told, group);
    },
    staleTime: 60_000,
  });
}

/** All buckets of a route: page after page until there is none. */
async function all(path: string, { start, end, step, group }: Span & { group: string }, signal: AbortSignal): Promise<Bucket[]> {
  const found: Bucket[] = [];
  let page: string | null = null;
  do {
    const query = new URLSearchParams({ start_time: String(start), end_time: String(end), bucket_width: step, limit: step === "1h" ? "168" : "31" });
    if (group !== "none") query.set("group_by", group);
    if (page) query.set("page", page);
    const answer: Page = await api.get<Page>(`${path}?${query}`, { signal });
    found.push(...answer.data);
    page = answer.has_more ? answer.next_page : null;
  } while (page);
  return found;
}

function gathered(told: Bucket[][], group: Group): Usage {
  const starts = told[0]?.map((bucket) => bucket.start_time) ?? [];
  const place = new Map(starts.map((start, index) => [start, index]));
  const groups = new Map<string, Used[]>();
  for (const { start_time, results } of told.flat()) {
    for (const result of results) {
      const name = nameOf(result, group);
      const used = groups.get(name) ?? starts.map(nothing);
      groups.set(name, used);
      const sum = used[place.get(start_time) ?? -1];
      if (sum) add(sum, usedIn(result));
    }
  }
  return { starts, groups };
}

function nameOf(result: Result, group: Group): string {
  if (group === "none") return "";
  if (group === "model" && result.line_item) return result.line_item.split(", ")[0] ?? "";
  return result[group] ?? "";
}

function usedIn(result: Result): Used {
  return {
    calls: result.num_model_requests ?? 0,
    input: result.input_tokens ?? 0,
    output: result.output_tokens ?? 0,
    cached: result.input_cached_tokens ?? 0,
    images: result.images ?? 0,
    nano: result.amount ? { [result.amount.currency]: Math.round(result.amount.value * NANO) } : {},
  };
}

/** Sums of money as the server's amounts. */
export function moneyOf(used: Used): Money[] {
  return Object.entries(used.nano).map(([currency, nano]) => ({ currency, value: nano / NANO }));
}

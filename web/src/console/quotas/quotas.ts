import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ApiError } from "@/api/client";

/** What a rate can limit: those of OpenAI's fields that this server judges. */
export const RATES = ["max_requests_per_1_minute", "max_tokens_per_1_minute", "max_images_per_1_minute", "max_requests_per_1_day", "batch_1_day_max_input_tokens"] as const;
export type RateName = (typeof RATES)[number];
export type Rate = { id: string; model: string } & Partial<Record<RateName, number | null>>;
/** null takes a limit away. What is no number goes to the server as it was typed: it says what is wrong. */
export type RateChanges = Partial<Record<RateName, number | string | null>>;
export type Budget = { currency: string; threshold_amount: number };
export type Permissions = { mode: "allow_list" | "deny_list"; model_ids: string[] };
export type Project = { id: string; name: string };

type Page<Item> = { data: Item[]; last_id: string | null; has_more: boolean };
type Costs = { data: { results: { amount: { value: number; currency: string } }[] }[]; has_more: boolean; next_page: string | null };

const NO_LIMIT = 1e12; // the largest number that can be set: how the server tells that there is none
const NANO = 1e9;

/** The limit, or null where there is none. */
export function limitOf(rate: Rate, name: RateName): number | null {
  const value = rate[name] ?? null;
  return value === null || value >= NO_LIMIT ? null : value;
}

async function everyPage<Item>(read: (after: string) => Promise<Page<Item>>): Promise<Item[]> {
  const found: Item[] = [];
  let after: string | null = "";
  while (after !== null) {
    const page: Page<Item> = await read(after);
    found.push(...page.data);
    after = page.has_more ? page.last_id : null;
  }
  return found;
}

/** What is not set is answered with 404: nothing, and no error. */
async function ifSet<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export function useEveryProject() {
  return useQuery({
    queryKey: ["everyProject"],
    queryFn: ({ signal }) => everyPage((after) => api.get<Page<Project>>(`/v1/organization/projects?limit=100&after=${after}`, { signal })),
  });
}

export function useRates(project: string) {
  return useQuery({
    queryKey: ["rates", project],
    enabled: project !== "",
    queryFn: ({ signal }) =>
      everyPage((after) => api.get<Page<Rate>>(`/v1/organization/projects/${project}/rate_limits?limit=100&after=${encodeURIComponent(after)}`, { signal })),
  });
}

export function useRateChange(project: string) {
  const memory = useQueryClient();
  return useMutation({
    mutationFn: ({ id, changes }: { id: string; changes: RateChanges }) =>
      api.post<Rate>(`/v1/organization/projects/${project}/rate_limits/${encodeURIComponent(id)}`, changes),
    onSettled: () => memory.invalidateQueries({ queryKey: ["rates", project] }),
  });
}

/** The hard budget of a project, or (where it is "") of the organisation. */
export function useBudget(project: string) {
  return useQuery({
    queryKey: ["budget", project],
    queryFn: ({ signal }) =>
      ifSet(project ? api.get<Budget>(`/v1/organization/projects/${project}/spend_limit`, { signal }) : api.get<Budget>("/v1/organization/spend_limit", { signal })),
  });
}

export function useBudgetActs(project: string) {
  const memory = useQueryClient();
  const done = { onSettled: () => memory.invalidateQueries({ queryKey: ["budget", project] }) };
  return {
    set: useMutation({
      mutationFn: ({ currency, threshold_amount }: Budget) => {
        const asked = { currency, threshold_amount, interval: "month" };
        return project ? api.post<Budget>(`/v1/organization/projects/${project}/spend_limit`, asked) : api.post<Budget>("/v1/organization/spend_limit", asked);
      },
      ...done,
    }),
    remove: useMutation({
      mutationFn: () => (project ? api.del(`/v1/organization/projects/${project}/spend_limit`) : api.del("/v1/organization/spend_limit")),
      ...done,
    }),
  };
}

/** What was spent in this calendar month (UTC's, as budgets count), by currency. */
export function useSpent(project: string) {
  return useQuery({
    queryKey: ["spent", project],
    queryFn: async ({ signal }) => {
      const now = new Date();
      const query = new URLSearchParams({ start_time: String(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1) / 1000), limit: "31" });
      if (project) query.set("project_ids[]", project);
      const nano = new Map<string, number>(); // billionths: sums of them are exact
      let page: string | null = "";
      while (page !== null) {
        if (page) query.set("page", page);
        const answer: Costs = await api.get<Costs>(`/v1/organization/costs?${query}`, { signal });
        for (const { amount } of answer.data.flatMap(({ results }) => results)) {
          const currency = amount.currency.toUpperCase();
          nano.set(currency, (nano.get(currency) ?? 0) + Math.round(amount.value * NANO));
        }
        page = answer.has_more ? answer.next_page : null;
      }
      return new Map([...nano].map(([currency, sum]) => [currency, sum / NANO]));
    },
  });
}

/** Which models a project may call; null: all of them. */
export function usePermissions(project: string) {
  return useQuery({
    queryKey: ["permissions", project],
    enabled: project !== "",
    queryFn: ({ signal }) => ifSet(api.get<Permissions>(`/v1/organization/projects/${project}/model_permissions`, { signal })),
  });
}

export function usePermissionsChange(project: string) {
  const memory = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Permissions | null) =>
      wanted ? api.post(`/v1/organization/projects/${project}/model_permissions`, wanted) : api.del(`/v1/organization/projects/${project}/model_permissions`),
    // Not awaited: the form begins anew with what is held then, and has to tell before that it was saved.
    onSettled: () => void memory.invalidateQueries({ queryKey: ["permissions", project] }),
  });
}

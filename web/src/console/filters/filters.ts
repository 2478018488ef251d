import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";

export const HARMS = ["hate", "sexual", "violence", "self_harm"] as const;
export const STRICTNESSES = ["off", "annotate", "low", "medium", "high"] as const;
export const ACTIONS = ["off", "annotate", "block"] as const;
/** What is looked for without severities; attacks stand in prompts only. */
export const RULES = ["profanity", "personal_data"] as const;
export const ATTACKS = ["jailbreak", "indirect_attack"] as const;
/** What answers must not repeat stands in answers only. */
export const PROTECTED = "protected_text" as const;
export const SIDES = ["prompt", "output"] as const;

/** In which form a guard answers that is a chat model; "" = as its name tells. */
export const FORMS = ["", "llama_guard", "safeguard"] as const;

export type Harm = (typeof HARMS)[number];
export type Rule = (typeof RULES)[number] | (typeof ATTACKS)[number] | typeof PROTECTED;
export type Strictness = (typeof STRICTNESSES)[number];
export type Action = (typeof ACTIONS)[number];
export type Side = (typeof SIDES)[number];
export type Screen = Record<Harm, Strictness> & Record<Rule, Action>;
export type Blocklist = { name: string; terms: string[]; patterns: string[]; action: Action };
export type Policy = Record<Side, Screen> & { blocklists: Blocklist[]; streaming: "buffered" | "asynchronous"; window: number; judge: string; judge_form: (typeof FORMS)[number] };

export type Filter = { deployment: string; preset: string; policy: Policy | null; presets: Record<string, Policy> };
export const TRIED = ["prompt", "document", "output"] as const;
export type Tried = (typeof TRIED)[number];
export type Trial = {
  blocked: boolean;
  results: Record<string, { filtered: boolean; severity?: string; detected?: boolean }>;
  rules: { category: string; rule: string; found: string }[];
  /** 0 to 7. */
  severities: Record<Harm, number> | null;
  scores: Record<string, number> | null;
  outage: string | null;
};

const path = (deployment: string) => `/v1/organization/deployments/${encodeURIComponent(deployment)}/filter`;

/** What the routes take: no policy is called "off"; empty lines of lists are nobody's terms. */
function asked(policy: Policy | null) {
  if (!policy) return { preset: "off" };
  const filled = (lines: string[]) => lines.map((line) => line.trim()).filter(Boolean);
  return { policy: { ...policy, blocklists: policy.blocklists.map((list) => ({ ...list, terms: filled(list.terms), patterns: filled(list.patterns) })) } };
}

export function useFilter(deployment: string) {
  return useQuery({ queryKey: ["filter", deployment], queryFn: ({ signal }) => api.get<Filter>(path(deployment), { signal }), refetchOnWindowFocus: false });
}

/** Put a policy in force; null filters nothing. */
export function useSetFilter(deployment: string) {
  const memory = useQueryClient();
  return useMutation({
    mutationFn: (policy: Policy | null) => api.post<Filter>(path(deployment), asked(policy)),
    onSuccess: (filter) => {
      memory.setQueryData(["filter", deployment], filter);
      void memory.invalidateQueries({ queryKey: ["deployments"] });
    },
  });
}

/** What a policy that need not be in force would do with a text. */
export function useTrial(deployment: string, policy: Policy | null, text: string, side: Tried) {
  return useQuery({
    queryKey: ["filter", deployment, "trial", policy, text, side],
    enabled: text.trim() !== "",
    retry: false,
    gcTime: 0, // what was typed is remembered nowhere
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.post<Trial>(`${path(deployment)}/test`, { ...asked(policy), text, side }, { signal }),
  });
}

/** The preset that a policy's severities and rules are, whatever else it says; "own" = none. */
export function presetOf(policy: Policy | null, presets: Record<string, Policy>): string {
  if (!policy) return "off";
  const screens = ({ prompt, output }: Policy) => JSON.stringify([...HARMS, ...RULES, ...ATTACKS, PROTECTED].map((name) => [prompt[name], output[name]]));
  return Object.keys(presets).find((name) => presets[name] && screens(presets[name]) === screens(policy)) ?? "own";
}

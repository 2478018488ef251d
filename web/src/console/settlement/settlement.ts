import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";

/** Amounts by a party's id, as exact decimal strings. */
export type ByParty = Record<string, string>;
export type Party = { id: string; name: string };
export type Agreement = {
  id: string;
  name: string;
  currency: string;
  parties: Party[];
  /** Those as which the reader's organisation looks on. */
  party_ids: string[];
  can_change: boolean;
};
export type Until = { party: string | null; amount: string | null; date: string | null; caps: Record<string, string | null> | null };
export type Tranche = { name: string; shares: Record<string, { share: string; percent: string }>; until: Until | null };
export type WholeAgreement = Agreement & {
  document: string;
  partners: Record<string, string>;
  assumptions: Record<string, string>;
  investments: { party: string; date: string; amount: string }[];
  tranches: Tranche[];
  months: { first: string; last: string; closed: string; running: string };
};
export type Part = { tranche: string; kind: "paid" | "loss" | "made good"; amount: string; shares: ByParty; capped: { party: string; then: string }[] };
export type Period = {
  period: string;
  profit: string;
  shares: ByParty;
  paid: ByParty;
  carried: string;
  parts: Part[];
  next: { tranche: string; profit: string | null; lacking: ByParty; date: string | null };
};
export const CLASSES = ["revenue", "discounts", "own-use", "cost", "expense", "difference"] as const;
export type Flows = Record<(typeof CLASSES)[number], string>;
export type Settlement = {
  id: string;
  currency: string;
  parties: Party[];
  periods: Period[];
  profit: string;
  totals: ByParty;
  paid: ByParty;
  carried: string;
  tranches: { tranche: string; ended_in: string | null }[];
  new_periods: string[];
  due?: ByParty;
  flows?: Record<string, Flows>;
  left_out?: string[];
  late?: string;
  unbilled?: { period: string; organizations: number }[];
};
export type Levers = {
  through: string;
  price: string;
  volume: string;
  cost: string;
  growth: string;
  years: number;
  share: { tranche: string; party: string; share: string } | null;
  assumptions: Record<string, string>;
};
export type Scenario = { booked: Settlement; what_if: Settlement };
export const FILES = ["csv", "json", "svg"] as const;

export function fileOf(id: string, through: string, format: (typeof FILES)[number]): string {
  return `/v1/organization/agreements/${id}/export?through=${through}&format=${format}`;
}

export function useAgreements() {
  return useQuery({
    queryKey: ["agreements", "list"],
    queryFn: ({ signal }) => api.get<{ data: Agreement[]; can_change: boolean }>("/v1/organization/agreements", { signal }),
  });
}

export function useAgreement(id: string) {
  return useQuery({ queryKey: ["agreements", "one", id], queryFn: ({ signal }) => api.get<WholeAgreement>(`/v1/organization/agreements/${encodeURIComponent(id)}`, { signal }) });
}

export function useSettlement(id: string, through: string) {
  return useQuery({
    queryKey: ["agreements", "settlement", id, through],
    queryFn: ({ signal }) => api.get<Settlement>(`/v1/organization/agreements/${encodeURIComponent(id)}/settlement?through=${through}`, { signal }),
    placeholderData: keepPreviousData,
  });
}

export function useScenario(id: string, levers: Levers) {
  return useQuery({
    queryKey: ["agreements", "scenario", id, levers],
    queryFn: ({ signal }) => api.post<Scenario>(`/v1/organization/agreements/${encodeURIComponent(id)}/scenario`, levers, { signal }),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

export function useAgreementActs() {
  const memory = useQueryClient();
  const done = { onSettled: () => memory.invalidateQueries({ queryKey: ["agreements"] }) };
  return {
    keep: useMutation({
      mutationFn: ({ id, ...asked }: { id: string; document: string; partners: Record<string, string> }) =>
        id ? api.post<WholeAgreement>(`/v1/organization/agreements/${id}`, asked) : api.post<WholeAgreement>("/v1/organization/agreements", asked),
      ...done,
    }),
    forget: useMutation({ mutationFn: (id: string) => api.del(`/v1/organization/agreements/${id}`), ...done }),
    close: useMutation({
      mutationFn: ({ agreement, ...asked }: { agreement: string; through: string; id: string }) =>
        api.post<{ number: number; due: ByParty }>(`/v1/organization/agreements/${agreement}/close`, asked),
      ...done,
    }),
  };
}

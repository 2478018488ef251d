import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";

export type Status = "draft" | "final" | "paid";
export type Invoice = {
  id: string;
  number: string | null;
  kind: "invoice" | "credit_note";
  status: Status;
  organization_id: string;
  customer_name: string;
  period: string;
  currency: string;
  net: string;
  tax: string;
  total: string;
  credits: string;
  due: string;
  credited: string;
  open: string;
  of: string | null;
  reason: string | null;
  created_at: number;
  issued_at: number | null;
  pay_by: number | null;
  paid_at: number | null;
};
export type LineType = "usage" | "service" | "allowance" | "tiers" | "discount" | "plan" | "rounding" | "tax" | "credit";
export type Line = {
  type: LineType;
  text: string;
  amount: string;
  model?: string;
  kind?: string;
  size?: string;
  quality?: string;
  quantity?: number;
  rate?: string;
  per?: number;
  price?: string;
  percent?: string;
  rule?: string;
};
export type Party = { name: string; address?: string[]; country?: string; tax_id?: string; email?: string; payment?: string[] };
export type WholeInvoice = Invoice & {
  organization_name: string;
  period_end: number;
  seller: Party;
  customer: Party;
  lines: Line[];
  prices: { id: string; model: string; version: number; since: number }[];
  terms_from: string | null;
  tax_rule: { name: string; rate?: string; note?: string } | null;
  credit_notes: Invoice[];
  can_change: boolean;
};
export type Origin = {
  start_time: number;
  model: string;
  project_id: string;
  num_model_requests: number;
  input_tokens: number;
  input_cached_tokens: number;
  output_tokens: number;
  images: number;
  amount: string;
};
export type Customer = { id: string; name: string; billing: string; currency: string; unbilled: boolean };
export type Filter = { organization_id: string; period: string; status: string; kind: string };
type Page<Item> = { data: Item[]; has_more: boolean; last_id: string | null };
type Listed = Page<Invoice> & { can_change: boolean };
type Drafts = { data: Invoice[]; problems: { organization_id: string; message: string }[] };

export const FILES = ["pdf", "csv", "json", "stripe", "lago"] as const;

/** Where a bill can be downloaded: the session's cookie opens it. */
export function fileOf(id: string, format: (typeof FILES)[number]): string {
  return `/v1/organization/invoices/${id}/export?format=${format}`;
}

export function useInvoices(filter: Filter) {
  const query = new URLSearchParams({ limit: "100" });
  for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
  return useInfiniteQuery({
    queryKey: ["invoices", "list", filter],
    queryFn: ({ signal, pageParam }) => api.get<Listed>(`/v1/organization/invoices?${query}&after=${pageParam}`, { signal }),
    initialPageParam: "",
    getNextPageParam: (last) => (last.has_more ? last.last_id : null),
  });
}

export function useInvoice(id: string) {
  return useQuery({
    queryKey: ["invoices", "one", id],
    queryFn: ({ signal }) => api.get<WholeInvoice>(`/v1/organization/invoices/${encodeURIComponent(id)}`, { signal }),
  });
}

export function useOrigins(id: string, wanted: boolean) {
  return useQuery({
    queryKey: ["invoices", "origins", id],
    enabled: wanted,
    queryFn: ({ signal }) => api.get<{ data: Origin[]; total: string }>(`/v1/organization/invoices/${id}/origins`, { signal }),
  });
}

/** Who gets bills; asked where the reader may know. */
export function useCustomers(period: string, wanted: boolean) {
  return useQuery({
    queryKey: ["invoices", "customers", period],
    enabled: wanted,
    queryFn: async ({ signal }) => (await api.get<Page<Customer>>(`/v1/organization/customers?period=${period}`, { signal })).data,
  });
}

export function useInvoiceActs() {
  const memory = useQueryClient();
  const done = { onSettled: () => memory.invalidateQueries({ queryKey: ["invoices"] }) };
  return {
    draft: useMutation({ mutationFn: (asked: { period: string; organization_id: string }) => api.post<Drafts>("/v1/organization/invoices", asked), ...done }),
    issue: useMutation({ mutationFn: ({ id, total }: Invoice) => api.post<WholeInvoice>(`/v1/organization/invoices/${id}/issue`, { total }), ...done }),
    pay: useMutation({
      mutationFn: ({ id, reference }: { id: string; reference: string }) => api.post<WholeInvoice>(`/v1/organization/invoices/${id}/pay`, { reference }),
      ...done,
    }),
    credit: useMutation({
      mutationFn: ({ id, ...asked }: { id: string; amount: string; reason: string }) => api.post<Invoice>(`/v1/organization/invoices/${id}/credit`, asked),
      ...done,
    }),
    adjust: useMutation({
      mutationFn: async ({ organization_id, period, ...asked }: { organization_id: string; period: string; amount: string; memo: string; id: string }) => {
        await api.post("/v1/organization/adjustments", { organization_id, period, ...asked });
        return api.post<Drafts>("/v1/organization/invoices", { organization_id, period });
      },
      ...done,
    }),
  };
}

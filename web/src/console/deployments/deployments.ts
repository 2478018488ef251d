import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";

const LIVE_MS = 3000;

export type OptionValue = string | number | boolean;

export type Deployment = {
  name: string;
  model: string;
  kind: "text" | "embedding" | "image" | "reward" | "moderation";
  parameters: number | null;
  licence: string | null;
  context_length: number | null;
  engine: string;
  options: Record<string, OptionValue>;
  aliases: string[];
  created_at: number;
  concurrency: number | null;
  state: "starting" | "ready" | "failed" | "draining" | "stopped";
  detail: string;
  drained: boolean;
  canary: { deployment: string; percent: number } | null;
  canary_of: string[];
  version: number;
  capacity: { units: number; kind: "standard" | "provisioned"; tokens_per_minute: number | null; requests_per_minute: number | null; spillover: string };
  pool: { units: number; left: number } | null;
  /** The name of its policy; "off" = none, "own" = one without a name. */
  filter: string;
};

export type EngineOption = {
  name: string;
  kind: "whole" | "number" | "choice" | "flag";
  default?: OptionValue;
  choices?: string[];
  least?: number;
  most?: number;
};

export type Model = {
  id: string;
  kind: Deployment["kind"];
  parameters: number | null;
  context_length: number | null;
  licence: string | null;
  engines: { engine: string; options: EngineOption[] }[];
};

export type Version = { id: string; version: number; model: string; engine: string; options: Record<string, OptionValue>; created_at: number };

export type Plan = { weights_bytes: number; cache_bytes: number; program_bytes: number; total_bytes: number; available_bytes: number | null; fits: boolean | null };

type List<Item> = { data: Item[] };
type Options = Record<string, OptionValue>;
export type Change = {
  model?: string;
  options?: Options;
  aliases?: string[];
  capacity?: { units: number };
  drained?: boolean;
  canary?: { deployment: string; percent: number };
};

export function useDeployments() {
  return useQuery({
    queryKey: ["deployments"],
    queryFn: ({ signal }) => api.get<List<Deployment>>("/v1/organization/deployments", { signal }),
    refetchInterval: LIVE_MS, // only while the page can be seen
  });
}

/** What may be deployed: asked for when somebody wants to. */
export function useModels() {
  return useQuery({ queryKey: ["deployable"], queryFn: ({ signal }) => api.get<List<Model>>("/v1/organization/models", { signal }) });
}

export function useVersions(name: string, version: number) {
  return useQuery({
    queryKey: ["versions", name, version],
    queryFn: ({ signal }) => api.get<List<Version>>(`/v1/organization/deployments/${encodeURIComponent(name)}/versions`, { signal }),
  });
}

export function usePlan(model: string, engine: string, options: Options) {
  return useQuery({
    queryKey: ["plan", model, engine, options],
    enabled: model !== "",
    retry: false,
    queryFn: ({ signal }) => api.post<Plan>("/v1/organization/models/plan", { model, engine, options }, { signal }),
  });
}

export type NewDeployment = { name: string; model: string; engine: string; options: Options; aliases: string[]; capacity: { units: number } };

/** Everything that changes deployments; the list is asked for again after each. */
export function useDeploymentActs() {
  const memory = useQueryClient();
  const done = { onSettled: () => memory.invalidateQueries({ queryKey: ["deployments"] }) };
  const path = encodeURIComponent;
  return {
    create: useMutation({ mutationFn: (asked: NewDeployment) => api.post<Deployment>("/v1/organization/deployments", asked), ...done }),
    change: useMutation({
      mutationFn: ({ name, ...asked }: Change & { name: string }) => api.post<Deployment>(`/v1/organization/deployments/${path(name)}`, asked),
      ...done,
    }),
    remove: useMutation({ mutationFn: (name: string) => api.del(`/v1/organization/deployments/${path(name)}`), ...done }),
    restart: useMutation({ mutationFn: (name: string) => api.post(`/v1/organization/deployments/${path(name)}/restart`, {}), ...done }),
    rollBack: useMutation({
      mutationFn: ({ name, version }: { name: string; version: number }) => api.post<Deployment>(`/v1/organization/deployments/${path(name)}/rollback`, { version }),
      ...done,
    }),
  };
}

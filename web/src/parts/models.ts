import { queryOptions, useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";

export type Model = {
  id: string;
  root: string;
  capabilities: { completion: boolean; chat_completion: boolean; embeddings: boolean; rewards: boolean; image_generation: boolean };
  /** Tokens that question and answer may have together. */
  context_length: number | null;
};

export const MODELS = queryOptions({
  queryKey: ["models"],
  queryFn: ({ signal }) => api.get<{ data: Model[] }>("/v1/models", { signal }),
  staleTime: 30_000,
});

/** Every name that can be called. */
export function useModels() {
  return useQuery(MODELS);
}

/** Those that can be talked with. */
export function useChatModels(): Model[] {
  const { data } = useModels();
  return data?.data.filter((model) => model.capabilities.chat_completion) ?? [];
}

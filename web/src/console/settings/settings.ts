import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";

export type Value = string | number | boolean;

/** A setting of the house, and where its value comes from. */
export type Setting = {
  name: string;
  variable: string;
  value: Value;
  default: Value;
  origin: "default" | "environment" | "option" | "changed";
  changeable: boolean;
  started_with: Value;
  changed_at: number | null;
};
type Settings = { data: Setting[] };
export type Changes = Record<string, Value | null>;

const KEY = ["house settings"];

export function useSettings() {
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.get<Settings>("/v1/organization/settings", { signal }) });
}

/** Change some while the server runs; null takes up again what it was started with. */
export function useChange() {
  const memory = useQueryClient();
  return useMutation({
    mutationFn: (changes: Changes) => api.post<Settings>("/v1/organization/settings", changes),
    onSuccess: (settings) => memory.setQueryData(KEY, settings),
  });
}

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";

/** What somebody may bring a file for; JSON lines are checked as they come. */
export const PURPOSES = ["fine-tune", "batch", "evals", "user_data"] as const;
export type Purpose = (typeof PURPOSES)[number];
export type StoredFile = { id: string; filename: string; purpose: string; bytes: number; created_at: number; expires_at: number | null; sha256: string };
type Page = { data: StoredFile[]; has_more: boolean; last_id: string | null };

/** The project's files, the newest first. */
export function useFiles(purpose: string) {
  return useInfiniteQuery({
    queryKey: ["files", "list", purpose],
    initialPageParam: "",
    queryFn: ({ pageParam: after, signal }) => api.get<Page>(`/v1/files?limit=100${purpose ? `&purpose=${purpose}` : ""}${after ? `&after=${after}` : ""}`, { signal }),
    getNextPageParam: (last) => (last.has_more ? last.last_id : null),
  });
}

export function useFile(id: string) {
  return useQuery({ queryKey: ["files", id], queryFn: ({ signal }) => api.get<StoredFile>(`/v1/files/${encodeURIComponent(id)}`, { signal }) });
}

export function useDeleteFile() {
  const memory = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.del(`/v1/files/${encodeURIComponent(id)}`),
    onSuccess: () => memory.invalidateQueries({ queryKey: ["files", "list"] }),
  });
}

/** Where a file's bytes can be saved from. */
export function contentPath(id: string): string {
  return `/v1/files/${encodeURIComponent(id)}/content`;
}

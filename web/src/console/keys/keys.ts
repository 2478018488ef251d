import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";

export type Key = {
  id: string;
  name: string;
  redacted_value: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  owner: { type: string | null; user?: Person | null; service_account?: Person | null; name?: string | null; role?: string };
};
type Person = { name: string | null; email?: string };
type Page<Item> = { data: Item[]; last_id: string | null; has_more: boolean };
type Project = { id: string; name: string };
export type Secret = { name: string; value: string };
export type NewKey = { name: string; scopes?: string[]; expires_in_seconds?: number };

/** Projects that the caller may look into. */
export function useProjects() {
  return useQuery({ queryKey: ["projects"], queryFn: ({ signal }) => api.get<Page<Project>>("/v1/organization/projects?limit=100", { signal }) });
}

/** Keys of a project, or (where it is "") those that administer; more of them as they come into sight. */
export function useKeys(project: string) {
  return useInfiniteQuery({
    queryKey: ["keys", project],
    initialPageParam: "",
    queryFn: ({ pageParam: after, signal }) =>
      project
        ? api.get<Page<Key>>(`/v1/organization/projects/${project}/api_keys?limit=100&after=${after}`, { signal })
        : api.get<Page<Key>>(`/v1/organization/admin_api_keys?limit=100&after=${after}`, { signal }),
    getNextPageParam: (last) => (last.has_more ? last.last_id : null),
  });
}

export function useKeyActs(project: string) {
  const memory = useQueryClient();
  const done = { onSettled: () => memory.invalidateQueries({ queryKey: ["keys", project] }) };
  return {
    create: useMutation({
      mutationFn: (asked: NewKey) =>
        project ? api.post<Secret>(`/v1/organization/projects/${project}/api_keys`, asked) : api.post<Secret>("/v1/organization/admin_api_keys", asked),
      ...done,
    }),
    createAccount: useMutation({
      mutationFn: (asked: NewKey) =>
        api.post<{ api_key: Secret }>(`/v1/organization/projects/${project}/service_accounts`, asked).then(({ api_key: made }) => made),
      ...done,
    }),
    rotate: useMutation({
      mutationFn: ({ id, grace }: { id: string; grace: number }) =>
        api.post<Secret>(`/v1/organization/projects/${project}/api_keys/${id}/rotate`, { grace_seconds: grace }),
      ...done,
    }),
    revoke: useMutation({
      mutationFn: (id: string) => (project ? api.del(`/v1/organization/projects/${project}/api_keys/${id}`) : api.del(`/v1/organization/admin_api_keys/${id}`)),
      ...done,
    }),
  };
}

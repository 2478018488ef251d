import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { readSession, type Session, signedOut, useSession } from "@/api/session";

export type Role = Session["role"];
export const ROLES: readonly Role[] = ["viewer", "member", "developer", "admin", "owner"];

/** Somebody of the organisation, or of a project. OpenAI calls our member a reader. */
export type Person = { id: string; name: string | null; email: string; role: Role | "reader"; added_at: number };
export type Invite = { id: string; email: string; role: Role | "reader"; status: "pending" | "accepted" | "expired"; expires_at: number };
export type Project = { id: string; name: string; created_at: number };
export type Place = { id: string; role: Role };
type Page<Item> = { data: Item[]; last_id: string | null; has_more: boolean };

export const roleOf = ({ role }: { role: Role | "reader" }): Role => (role === "reader" ? "member" : role);
export const nameOf = ({ name, email }: Person): string => name || email;

const more = {
  initialPageParam: "",
  getNextPageParam: (last: { last_id: string | null; has_more: boolean }) => (last.has_more ? last.last_id : null),
};

/** People of a project, or (where it is "") of the organisation; more of them as they come into sight. */
export function usePeople(project = "") {
  return useInfiniteQuery({
    queryKey: ["people", project],
    queryFn: ({ pageParam: after, signal }) =>
      project
        ? api.get<Page<Person>>(`/v1/organization/projects/${project}/users?limit=100&after=${after}`, { signal })
        : api.get<Page<Person>>(`/v1/organization/users?limit=100&after=${after}`, { signal }),
    ...more,
  });
}

export function useProjectPages() {
  return useInfiniteQuery({
    queryKey: ["projects", "pages"],
    queryFn: ({ pageParam: after, signal }) => api.get<Page<Project>>(`/v1/organization/projects?limit=100&after=${after}`, { signal }),
    ...more,
  });
}

export function useProject(id: string) {
  return useQuery({ queryKey: ["projects", "one", id], queryFn: ({ signal }) => api.get<Project>(`/v1/organization/projects/${id}`, { signal }) });
}

/**
 * Invitations that nobody has used. The oldest come first, and used ones stay in the list: all of its pages are read.
 * The link of the first person names no address, and opens nothing once somebody is here.
 */
export function useInvites() {
  return useQuery({
    queryKey: ["invites"],
    queryFn: async ({ signal }) => {
      const found: Invite[] = [];
      for (let after: string | null = ""; after !== null; ) {
        const page: Page<Invite> = await api.get<Page<Invite>>(`/v1/organization/invites?limit=100&after=${after}`, { signal });
        found.push(...page.data);
        after = page.has_more ? page.last_id : null;
      }
      return found.filter(({ status, email }) => status !== "accepted" && email).reverse();
    },
  });
}

export function useInviteActs() {
  const memory = useQueryClient();
  const done = { onSettled: () => memory.invalidateQueries({ queryKey: ["invites"] }) };
  return {
    invite: useMutation({
      mutationFn: (asked: { email: string; role: Role; projects: Place[] }) => api.post<Invite & { token: string }>("/v1/organization/invites", asked),
      ...done,
    }),
    takeBack: useMutation({ mutationFn: (id: string) => api.del(`/v1/organization/invites/${id}`), ...done }),
  };
}

/** What can be done with people of a project, or (where it is "") of the organisation. */
export function usePeopleActs(project: string) {
  const memory = useQueryClient();
  const { user } = useSession();
  const done = { onSettled: () => memory.invalidateQueries({ queryKey: ["people"] }) };
  return {
    add: useMutation({
      mutationFn: (asked: { email: string; role: Role }) => api.post<Person>(`/v1/organization/projects/${project}/users`, asked),
      ...done,
    }),
    setRole: useMutation({
      mutationFn: async ({ id, role }: { id: string; role: Role }) => {
        if (project) await api.post(`/v1/organization/projects/${project}/users/${id}`, { role });
        else await api.post(`/v1/organization/users/${id}`, { role });
        if (id === user.id) await readSession(); // what one may see changes with it
      },
      ...done,
    }),
    remove: useMutation({
      mutationFn: async (id: string) => {
        if (project) await api.del(`/v1/organization/projects/${project}/users/${id}`);
        else await api.del(`/v1/organization/users/${id}`);
        if (id === user.id && !project) signedOut();
      },
      ...done,
    }),
    erase: useMutation({
      mutationFn: ({ id, email }: { id: string; email: string }) => api.post(`/v1/organization/users/${id}/erase`, { email }),
      ...done,
    }),
  };
}

export function useProjectActs() {
  const memory = useQueryClient();
  const done = { onSettled: () => memory.invalidateQueries({ queryKey: ["projects"] }) };
  return {
    create: useMutation({ mutationFn: (name: string) => api.post<Project>("/v1/organization/projects", { name }), ...done }),
    rename: useMutation({ mutationFn: ({ id, name }: { id: string; name: string }) => api.post<Project>(`/v1/organization/projects/${id}`, { name }), ...done }),
    archive: useMutation({ mutationFn: (id: string) => api.post(`/v1/organization/projects/${id}/archive`), ...done }),
  };
}

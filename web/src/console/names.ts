import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";

type Page<Item> = { data: Item[]; has_more: boolean; last_id: string | null };
type Named = { id: string; name: string | null; email?: string };

const PATHS: Record<string, string> = { project_id: "/v1/organization/projects", user_id: "/v1/organization/users" };

/** Names by id of the organisation's projects or people (`of`); undefined until they are known, or where the reader may not know. */
export function useNamed(of: string, enabled = true): ReadonlyMap<string, string> | undefined {
  const path = PATHS[of];
  const { data } = useQuery({
    queryKey: ["names", path],
    queryFn: ({ signal }) => named(path ?? "", signal),
    enabled: path !== undefined && enabled,
    retry: false,
    staleTime: 60_000,
  });
  return data;
}

/** What to call an id, where the reader may know: everybody else is told the id. */
export function useNames(of: string): (id: string) => string {
  const named = useNamed(of);
  return (id) => named?.get(id) ?? id;
}

async function named(path: string, signal: AbortSignal): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  let after: string | null = "";
  while (after !== null) {
    const page: Page<Named> = await api.get<Page<Named>>(`${path}?limit=100${after && `&after=${after}`}`, { signal });
    for (const { id, name, email } of page.data) names.set(id, name || email || id);
    after = page.has_more ? page.last_id : null;
  }
  return names;
}

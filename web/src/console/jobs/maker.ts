import { useCallback } from "react";
import { useSession } from "@/api/session";
import { useNamed } from "../names";
import { mayHave } from "../pages";

/** Who asked for something, by name where the reader may know it. */
export function useMaker(): (id: string | null | undefined) => string {
  const { role, user } = useSession();
  const named = useNamed("user_id", mayHave(role, "admin"));
  return useCallback((id) => (!id ? "–" : id === user.id ? user.name || user.email : (named?.get(id) ?? id)), [named, user]);
}

import { type Model, useModels } from "@/parts/models";
import { useOptions } from "./options";

/** A deployment that makes pictures. */
export type Painter = Model & { styles?: string[] };

/** Those that there are, and the one that is asked; `known` once the server has told. */
export function usePainters(): { known: boolean; all: readonly Painter[]; chosen: Painter | null } {
  const { data } = useModels();
  const { deployment } = useOptions();
  const all: readonly Painter[] = data?.data.filter((model) => model.capabilities.image_generation) ?? [];
  return { known: data !== undefined, all, chosen: all.find((one) => one.id === deployment) ?? all[0] ?? null };
}

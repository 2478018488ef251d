import { type Model, useModels } from "@/parts/models";
import { useOptions } from "./options";

/** A deployment that makes pictures. */
export type Painter = Model & { styles?: string[] };

/** Those that there are, and the one that is asked; `known` once the server has told. */
export function usePainters(): { known: boolean; all: readonly Painter[]; chosen: Painter | null } {
  const { data } = useModels();
  const { deployment } = useOptions();
  const all = paintersAmong(data?.data ?? []);
  return { known: data !== undefined, all, chosen: chosenAmong(all, deployment) };
}

/** Those of the models that make pictures. */
export function paintersAmong(models: readonly Model[]): readonly Painter[] {
  return models.filter((model) => model.capabilities.image_generation);
}

/** The one that is asked: `deployment`, or the first where there is none of that name. */
export function chosenAmong(all: readonly Painter[], deployment: string | null): Painter | null {
  return all.find((one) => one.id === deployment) ?? all[0] ?? null;
}

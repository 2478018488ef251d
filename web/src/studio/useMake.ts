import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { MODELS } from "@/parts/models";
import { chosenAmong, paintersAmong } from "./deployments";
import { pictureOf, refreshGallery } from "./gallery";
import { make, type Making, nameStep } from "./making";
import { useOptions } from "./options";
import type { Wish } from "./wish";

/** Has pictures made and shows them: whatever step was open before is left. */
export function useMake(): (wish: Wish) => void {
  const memory = useQueryClient();
  const [, go] = useLocation();
  const { deployment } = useOptions();
  const onEnd = async ({ key, state, wish, candidates }: Making) => {
    refreshGallery(memory);
    const id = candidates[0]?.id;
    if (state !== "done" || wish.parent !== null || !id) return;
    const { step } = await pictureOf(memory, id);
    nameStep(key, step);
    if (location.pathname === "/images" && !location.search) go(`/images?step=${step}`, { replace: true }); // to be found again
  };
  const ask = async (wish: Wish) => {
    if (wish.parent === null && (location.pathname !== "/images" || location.search)) go("/images");
    const addressed = wish.body["model"] ? wish : await withModel(memory, wish, deployment);
    make(addressed, (over) => void onEnd(over).catch(() => undefined)); // without its name it is shown all the same
  };
  return (wish) => void ask(wish);
}

/** The wish of somebody who was faster than the list of models; without one the server says what is wrong. */
async function withModel(memory: QueryClient, wish: Wish, deployment: string | null): Promise<Wish> {
  const models = await memory.fetchQuery(MODELS).catch(() => null);
  const chosen = chosenAmong(paintersAmong(models?.data ?? []), deployment);
  return chosen ? { ...wish, body: { ...wish.body, model: chosen.id } } : wish;
}

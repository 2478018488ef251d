import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { pictureOf, refreshGallery } from "./gallery";
import { make, type Making, nameStep } from "./making";
import type { Wish } from "./wish";

/** Has pictures made and shows them: whatever step was open before is left. */
export function useMake(): (wish: Wish) => void {
  const memory = useQueryClient();
  const [, go] = useLocation();
  const onEnd = async ({ key, state, wish, candidates }: Making) => {
    refreshGallery(memory);
    const id = candidates[0]?.id;
    if (state !== "done" || wish.parent !== null || !id) return;
    const { step } = await pictureOf(memory, id);
    nameStep(key, step);
    if (location.pathname === "/images" && !location.search) go(`/images?step=${step}`, { replace: true }); // to be found again
  };
  return (wish) => {
    if (wish.parent === null && (location.pathname !== "/images" || location.search)) go("/images");
    make(wish, (over) => void onEnd(over).catch(() => undefined)); // without its name it is shown all the same
  };
}

import type { Picture } from "./types.ts";

/** One request and what it made. */
export type Step = { id: string; first: Picture; pictures: readonly Picture[] };

/** Pictures, newest first, as the requests that made them. */
export function stepsOf(pictures: readonly Picture[]): Step[] {
  const steps = new Map<string, Picture[]>();
  for (const picture of pictures) {
    const step = steps.get(picture.step);
    if (step) step.push(picture);
    else steps.set(picture.step, [picture]);
  }
  return [...steps].map(([id, list]) => {
    const made = list.toReversed(); // in the order in which they were asked for
    return { id, first: made[0] as Picture, pictures: made };
  });
}

/** What was done, and what was undone and may be done again. */
export type Timeline<Deed> = { done: readonly Deed[]; undone: readonly Deed[] };

export const BEGINNING: Timeline<never> = { done: [], undone: [] };

export function did<Deed>(timeline: Timeline<Deed>, deed: Deed): Timeline<Deed> {
  return { done: [...timeline.done, deed], undone: [] };
}

export function undo<Deed>({ done, undone }: Timeline<Deed>): Timeline<Deed> {
  const last = done.at(-1);
  return last === undefined ? { done, undone } : { done: done.slice(0, -1), undone: [...undone, last] };
}

export function redo<Deed>({ done, undone }: Timeline<Deed>): Timeline<Deed> {
  const next = undone.at(-1);
  return next === undefined ? { done, undone } : { done: [...done, next], undone: undone.slice(0, -1) };
}

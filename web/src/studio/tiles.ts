/** Where square tiles stand, in rows as wide as the window: only those in sight are drawn. */
export type Tiling = { columns: number; side: number; height: number };
export type InSight = { first: number; last: number; above: number };

export const GAP = 12;
const WANTED = 200; // pixels a tile would like to be wide; phones get two beside each other
const LEAST_COLUMNS = 2;
const BEYOND = 2; // rows above and below what is seen

export function tilingOf(width: number, count: number): Tiling {
  const columns = Math.max(LEAST_COLUMNS, Math.round(width / WANTED));
  const side = Math.max(1, Math.floor((width - GAP * (columns - 1)) / columns));
  const rows = Math.ceil(count / columns);
  return { columns, side, height: rows === 0 ? 0 : rows * (side + GAP) - GAP };
}

/** The tiles between `top` and `top + height` of the whole, and a few more; `above`: pixels before the first one. */
export function inSight({ columns, side }: Tiling, count: number, top: number, height: number): InSight {
  const row = side + GAP;
  const firstRow = Math.max(0, Math.floor(top / row) - BEYOND);
  const lastRow = Math.floor((top + height) / row) + BEYOND;
  return { first: Math.min(firstRow * columns, count), last: Math.min((lastRow + 1) * columns, count), above: firstRow * row };
}

/** Where an arrow key leads from tile `at`. */
export function arrowed(key: string, at: number, columns: number, count: number): number | null {
  const by: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: count - 1 - at };
  const step = by[key];
  if (step === undefined) return null;
  const next = at + step;
  return next >= 0 && next < count ? next : at;
}

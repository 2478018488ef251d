import { dragged, type Growth, type Handle } from "../frame.ts";
import type { Size } from "../limits.ts";

const COARSE = 16; // as the sizes that models are asked for
const SIDE_OF: Record<string, Handle> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "top", ArrowDown: "bottom" };

type Key = { key: string; altKey: boolean; shiftKey: boolean };

/** Arrow keys grow the frame towards where they point, with Alt they shrink that side, with Shift by single pixels. */
export function frameKey({ key, altKey, shiftKey }: Key, picture: Size, growth: Growth): Growth | null {
  const side = SIDE_OF[key];
  if (!side) return null;
  const outward = (shiftKey ? 1 : COARSE) * (altKey ? -1 : 1);
  const by = side === "left" || side === "top" ? -outward : outward;
  return dragged(picture, growth, side, by, by);
}

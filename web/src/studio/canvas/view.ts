import type { Size } from "../limits.ts";

/** How pixels of a picture lie on the screen: screen = at + pixel × scale. */
export type View = { x: number; y: number; scale: number };
export type Point = { x: number; y: number };
type Box = Point & Size;

const MARGIN = 24; // screen pixels around what is shown, for handles
const LEAST = 0.05;
const MOST = 32;

/** `box` (in pixels of the picture) as large as it fits into the window, in its middle; small pictures at most 4 times. */
export function fitted(window: Size, box: Box): View {
  const room = { width: Math.max(1, window.width - 2 * MARGIN), height: Math.max(1, window.height - 2 * MARGIN) };
  const scale = Math.min(room.width / box.width, room.height / box.height, 4);
  return {
    scale,
    x: (window.width - box.width * scale) / 2 - box.x * scale,
    y: (window.height - box.height * scale) / 2 - box.y * scale,
  };
}

/** Closer or farther by a factor, about a point of the screen, which stays where it is. */
export function zoomed(view: View, factor: number, about: Point): View {
  const scale = Math.min(Math.max(view.scale * factor, LEAST), MOST);
  const by = scale / view.scale;
  return { scale, x: about.x - (about.x - view.x) * by, y: about.y - (about.y - view.y) * by };
}

export function toPicture(view: View, { x, y }: Point): Point {
  return { x: (x - view.x) / view.scale, y: (y - view.y) / view.scale };
}

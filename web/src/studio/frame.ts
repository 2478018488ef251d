import { LIMITS, type Size } from "./limits.ts";

/** How many pixels a picture shall grow by, on each side. */
export type Growth = { left: number; right: number; top: number; bottom: number };
export type Side = keyof Growth;
/** What a hand takes hold of: a side or a corner. */
export type Handle = Side | "left-top" | "right-top" | "left-bottom" | "right-bottom";

export const NO_GROWTH: Growth = { left: 0, right: 0, top: 0, bottom: 0 };
export const SIDES: readonly Side[] = ["left", "right", "top", "bottom"];
export const HANDLES: readonly Handle[] = ["left-top", "top", "right-top", "right", "right-bottom", "bottom", "left-bottom", "left"];
export const PRESETS = ["square", "16:9", "9:16", "wider", "taller", "around"] as const;
export type Preset = (typeof PRESETS)[number];

export function grown({ width, height }: Size, growth: Growth): Size {
  return { width: width + growth.left + growth.right, height: height + growth.top + growth.bottom };
}

export function grows(growth: Growth): boolean {
  return SIDES.some((side) => growth[side] > 0);
}

/** The nearest growth that can be asked for: whole pixels, never into the picture, within the limits. */
export function within(picture: Size, growth: Growth): Growth {
  const [left, right] = fit(growth.left, growth.right, LIMITS.grown - picture.width);
  const [top, bottom] = fit(growth.top, growth.bottom, LIMITS.grown - picture.height);
  return { left, right, top, bottom };
}

/** Two sides that together have `room`: what is too much is taken from both in proportion. */
function fit(before: number, after: number, room: number): [number, number] {
  const most = Math.max(0, room);
  const one = Math.min(Math.max(0, before), LIMITS.growth);
  const other = Math.min(Math.max(0, after), LIMITS.growth);
  const sum = one + other;
  if (sum <= most) return [Math.round(one), Math.min(Math.round(other), most - Math.round(one))];
  const first = Math.floor((most * one) / sum);
  return [first, most - first];
}

/** The frame's side or corner moved by so many pixels (right and down are positive). */
export function dragged(picture: Size, growth: Growth, handle: Handle, x: number, y: number): Growth {
  const next = { ...growth };
  for (const side of handle.split("-") as Side[]) {
    const by = side === "left" ? -x : side === "right" ? x : side === "top" ? -y : y;
    // The side that is held gives way, not the one across.
    const across = side === "left" ? growth.right : side === "right" ? growth.left : side === "top" ? growth.bottom : growth.top;
    const whole = side === "left" || side === "right" ? picture.width : picture.height;
    next[side] = Math.min(Math.max(0, growth[side] + by), LIMITS.growth, Math.max(0, LIMITS.grown - whole - across));
  }
  return within(picture, next);
}

/** The whole frame moved: what one side loses the other one gains, and the picture stays inside. */
export function moved(picture: Size, growth: Growth, x: number, y: number): Growth {
  const across = Math.max(-growth.right, Math.min(growth.left, Math.round(x)));
  const down = Math.max(-growth.bottom, Math.min(growth.top, Math.round(y)));
  return within(picture, {
    left: growth.left - across,
    right: growth.right + across,
    top: growth.top - down,
    bottom: growth.bottom + down,
  });
}

/** One side set to a number that was typed. */
export function withSide(picture: Size, growth: Growth, side: Side, pixels: number): Growth {
  const by = (Number.isFinite(pixels) ? Math.round(pixels) : 0) - growth[side];
  const outward = side === "left" || side === "top" ? -by : by;
  return dragged(picture, growth, side, outward, outward);
}

/** A frame by name around the middle of the picture. */
export function preset(picture: Size, name: Preset): Growth {
  switch (name) {
    case "square":
      return shaped(picture, 1);
    case "16:9":
      return shaped(picture, 16 / 9);
    case "9:16":
      return shaped(picture, 9 / 16);
    case "wider":
      return around(picture, picture.width * 2, picture.height);
    case "taller":
      return around(picture, picture.width, picture.height * 2);
    case "around":
      return around(picture, picture.width * 1.5, picture.height * 1.5);
  }
}

function shaped(picture: Size, ratio: number): Growth {
  return around(picture, Math.max(picture.width, picture.height * ratio), Math.max(picture.height, picture.width / ratio));
}

function around(picture: Size, width: number, height: number): Growth {
  const across = Math.round(width) - picture.width;
  const down = Math.round(height) - picture.height;
  const left = Math.floor(across / 2);
  const top = Math.floor(down / 2);
  return within(picture, { left, right: across - left, top, bottom: down - top });
}

/** Whether some side can grow no further, so that it can be said. */
export function atLimit(picture: Size, growth: Growth): boolean {
  const whole = grown(picture, growth);
  return whole.width >= LIMITS.grown || whole.height >= LIMITS.grown;
}

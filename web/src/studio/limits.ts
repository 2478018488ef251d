/** What the picture routes take (docs/images.md), told before asking instead of after. */
export const LIMITS = {
  /** Sides of a picture that is made whole. */
  side: { least: 16, most: 2048, step: 16 },
  /** The longer side by the shorter one. */
  ratio: 3,
  count: 10,
  /** Pixels that may be added on one side, and a side of the whole then. */
  growth: 4096,
  grown: 4096,
  seed: 2 ** 32 - 1,
  prompt: 32_000,
  /** Bytes of a picture that is sent. */
  upload: 50 * 1024 * 1024,
} as const;

export type Size = { width: number; height: number };

export const SIZES: readonly (Size & { name: "square" | "landscape" | "portrait" | "wide" | "small" })[] = [
  { name: "small", width: 512, height: 512 },
  { name: "square", width: 1024, height: 1024 },
  { name: "landscape", width: 1536, height: 1024 },
  { name: "portrait", width: 1024, height: 1536 },
  { name: "wide", width: 1792, height: 1008 },
];

export type SizeProblem = "side" | "step" | "ratio";

/** Why a size cannot be asked for; null where it can. */
export function sizeProblem({ width, height }: Size): SizeProblem | null {
  const { least, most, step } = LIMITS.side;
  const sides = [width, height];
  if (sides.some((side) => !(side >= least && side <= most))) return "side";
  if (sides.some((side) => side % step !== 0)) return "step";
  return Math.max(...sides) > LIMITS.ratio * Math.min(...sides) ? "ratio" : null;
}

/** "768x512" as two numbers; null for "auto" and what is no size. */
export function readSize(text: string): Size | null {
  const found = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  return found ? { width: Number(found[1]), height: Number(found[2]) } : null;
}

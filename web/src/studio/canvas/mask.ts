import type { Size } from "../limits.ts";

/** Points in pixels of the picture: x, y, x, y… */
export type Points = readonly number[];
export type Rectangle = { x: number; y: number; width: number; height: number };

/** One thing done to a mask; a mask is what these add up to, in their order. */
export type MaskDeed =
  | { kind: "stroke"; erase: boolean; width: number; points: Points }
  | { kind: "rectangle"; erase: boolean; rectangle: Rectangle }
  | { kind: "background" }
  | { kind: "invert" }
  | { kind: "clear" };

export type MaskTool = "brush" | "eraser" | "rectangle";

/** The part of a canvas' context that masks are painted with. */
type Painter = Pick<
  CanvasRenderingContext2D,
  "save" | "restore" | "beginPath" | "moveTo" | "lineTo" | "stroke" | "fillRect" | "clearRect" | "arc" | "fill" | "drawImage" | "globalCompositeOperation" | "fillStyle" | "strokeStyle" | "lineWidth" | "lineCap" | "lineJoin"
>;

/** Add one deed to a mask of `size`: opaque, in `colour`, where the picture may change. `background`: the picture's. */
export function paint(painter: Painter, size: Size, deed: MaskDeed, colour: string, background: () => CanvasImageSource): void {
  painter.save();
  painter.fillStyle = painter.strokeStyle = colour;
  switch (deed.kind) {
    case "stroke":
      painter.globalCompositeOperation = deed.erase ? "destination-out" : "source-over";
      strokeThrough(painter, deed.points, deed.width);
      break;
    case "rectangle": {
      const { x, y, width, height } = deed.rectangle;
      painter.globalCompositeOperation = deed.erase ? "destination-out" : "source-over";
      painter.fillRect(x, y, width, height);
      break;
    }
    case "background":
      painter.drawImage(background(), 0, 0);
      break;
    case "invert":
      painter.globalCompositeOperation = "source-out"; // what is drawn stays where nothing was, and takes the place of what was
      painter.fillRect(0, 0, size.width, size.height);
      break;
    case "clear":
      painter.clearRect(0, 0, size.width, size.height);
      break;
  }
  painter.restore();
}

function strokeThrough(painter: Painter, points: Points, width: number): void {
  const [x = 0, y = 0, ...rest] = points;
  painter.beginPath();
  if (rest.length === 0) {
    painter.arc(x, y, width / 2, 0, 2 * Math.PI);
    painter.fill();
    return;
  }
  painter.lineWidth = width;
  painter.lineCap = painter.lineJoin = "round";
  painter.moveTo(x, y);
  for (let at = 0; at + 1 < rest.length; at += 2) painter.lineTo(rest[at] as number, rest[at + 1] as number);
  painter.stroke();
}

/** The rectangle between two corners, however it was drawn, within the picture and in whole pixels. */
export function rectangleOf(one: { x: number; y: number }, other: { x: number; y: number }, size: Size): Rectangle {
  const within = (value: number, most: number) => Math.min(Math.max(Math.round(value), 0), most);
  const [x, right] = [one.x, other.x].map((value) => within(value, size.width)).sort((a, b) => a - b) as [number, number];
  const [y, bottom] = [one.y, other.y].map((value) => within(value, size.height)).sort((a, b) => a - b) as [number, number];
  return { x, y, width: right - x, height: bottom - y };
}

/** Pixels as a browser gives them: red, green, blue, alpha. */
export type Pixels = Size & { data: Uint8ClampedArray };

const ALIKE = 24; // of 255, by channel: compression's noise and soft shadows are still background

/**
 * Where a picture's background is (255) and where not (0): its transparent parts, or, where it has none, all that is
 * joined to its border and coloured like it.
 */
export function backgroundOf({ width, height, data }: Pixels): Uint8ClampedArray {
  const found = new Uint8ClampedArray(width * height);
  let clear = 0;
  for (let at = 0; at < found.length; at += 1) {
    if ((data[at * 4 + 3] as number) < 128) {
      found[at] = 255;
      clear += 1;
    }
  }
  if (clear > 0) return found;
  const waiting: number[] = [];
  const visit = (at: number, from: number) => {
    if (found[at] || !alike(data, at, from)) return;
    found[at] = 255;
    waiting.push(at);
  };
  for (let x = 0; x < width; x += 1) {
    visit(x, 0);
    visit((height - 1) * width + x, (height - 1) * width);
  }
  for (let y = 0; y < height; y += 1) {
    visit(y * width, 0);
    visit(y * width + width - 1, width - 1);
  }
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const x = at % width;
    if (x > 0) visit(at - 1, at);
    if (x < width - 1) visit(at + 1, at);
    if (at >= width) visit(at - width, at);
    if (at + width < found.length) visit(at + width, at);
  }
  return found;
}

function alike(data: Uint8ClampedArray, one: number, other: number): boolean {
  for (let channel = 0; channel < 3; channel += 1) {
    if (Math.abs((data[one * 4 + channel] as number) - (data[other * 4 + channel] as number)) > ALIKE) return false;
  }
  return true;
}

/** How much of a mask is marked, from 0 to 1, told from its alpha. */
export function share({ data }: Pick<Pixels, "data">): number {
  let sum = 0;
  for (let at = 3; at < data.length; at += 4) sum += data[at] as number;
  return data.length === 0 ? 0 : sum / ((data.length / 4) * 255);
}

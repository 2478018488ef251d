import assert from "node:assert/strict";
import { test } from "node:test";
import { frameKey } from "../src/studio/canvas/frameKeys.ts";
import { backgroundOf, type MaskDeed, paint, rectangleOf, share } from "../src/studio/canvas/mask.ts";
import { fitted, toPicture, zoomed } from "../src/studio/canvas/view.ts";
import { dragged, grown, type Growth, HANDLES, moved, NO_GROWTH, preset, PRESETS, SIDES, within, withSide } from "../src/studio/frame.ts";
import { LIMITS, readSize, sizeProblem, SIZES } from "../src/studio/limits.ts";
import { arrowed, inSight, tilingOf } from "../src/studio/tiles.ts";
import { BEGINNING, did, redo, type Timeline, undo } from "../src/studio/timeline.ts";
import { enlargement, formOf, generation, wishProblem } from "../src/studio/wish.ts";

const PICTURES = [
  { width: 512, height: 512 },
  { width: 1024, height: 768 },
  { width: 48, height: 300 },
  { width: 4096, height: 16 },
  { width: 4000, height: 4000 },
];

function* numbers(seed: number): Generator<number> {
  let random = seed;
  for (;;) {
    random = (random * 1103515245 + 12345) % 2147483648;
    yield (random % 12000) - 6000;
  }
}

function assertAskable(picture: { width: number; height: number }, growth: Growth, what: string) {
  for (const side of SIDES) {
    assert.ok(Number.isInteger(growth[side]) && growth[side] >= 0 && growth[side] <= LIMITS.growth, `${what}: ${side} ${growth[side]}`);
  }
  const whole = grown(picture, growth);
  assert.ok(whole.width <= LIMITS.grown && whole.height <= LIMITS.grown, `${what}: ${whole.width} x ${whole.height}`);
}

test("whatever is done to the frame, it can be asked for and holds the picture", () => {
  const random = numbers(7);
  const next = () => random.next().value as number;
  for (const picture of PICTURES) {
    let growth: Growth = NO_GROWTH;
    for (let deed = 0; deed < 400; deed += 1) {
      const kind = Math.abs(next()) % 4;
      if (kind === 0) growth = dragged(picture, growth, HANDLES[Math.abs(next()) % HANDLES.length] as (typeof HANDLES)[number], next() / 3, next() / 7);
      else if (kind === 1) growth = moved(picture, growth, next() / 5, next() / 5);
      else if (kind === 2) growth = withSide(picture, growth, SIDES[Math.abs(next()) % 4] as (typeof SIDES)[number], next());
      else growth = within(picture, { left: next(), right: next(), top: next(), bottom: next() });
      assertAskable(picture, growth, `deed ${deed} of ${picture.width} x ${picture.height}`);
    }
  }
});

test("a frame that is moved keeps its size", () => {
  const picture = { width: 512, height: 512 };
  const growth = { left: 100, right: 60, top: 0, bottom: 200 };
  const there = moved(picture, growth, -1000, -50);
  assert.deepEqual(grown(picture, there), grown(picture, growth));
  assert.deepEqual(there, { left: 160, right: 0, top: 50, bottom: 150 });
});

test("a side that is dragged leaves the others alone", () => {
  const picture = { width: 512, height: 512 };
  assert.deepEqual(dragged(picture, NO_GROWTH, "left", -64, 900), { left: 64, right: 0, top: 0, bottom: 0 });
  assert.deepEqual(dragged(picture, NO_GROWTH, "right-bottom", 30, 40), { left: 0, right: 30, top: 0, bottom: 40 });
  assert.deepEqual(dragged(picture, { left: 64, right: 0, top: 0, bottom: 0 }, "left", 500, 0), NO_GROWTH);
});

test("presets have the shape that they are called by, unless the limits forbid it", () => {
  for (const picture of PICTURES) for (const name of PRESETS) assertAskable(picture, preset(picture, name), name);
  const picture = { width: 512, height: 384 };
  assert.deepEqual(grown(picture, preset(picture, "square")), { width: 512, height: 512 });
  assert.deepEqual(grown(picture, preset(picture, "wider")), { width: 1024, height: 384 });
  assert.deepEqual(grown(picture, preset(picture, "taller")), { width: 512, height: 768 });
  const wide = grown(picture, preset(picture, "16:9"));
  assert.ok(Math.abs(wide.width / wide.height - 16 / 9) < 0.01);
});

test("arrow keys grow the side to which they point, and Alt takes it back", () => {
  const picture = { width: 512, height: 512 };
  const key = (name: string, more = {}) => ({ key: name, altKey: false, shiftKey: false, ...more });
  const grownOnce = frameKey(key("ArrowLeft"), picture, NO_GROWTH);
  assert.deepEqual(grownOnce, { left: 16, right: 0, top: 0, bottom: 0 });
  assert.deepEqual(frameKey(key("ArrowDown", { shiftKey: true }), picture, NO_GROWTH)?.bottom, 1);
  assert.deepEqual(frameKey(key("ArrowLeft", { altKey: true }), picture, grownOnce as Growth), NO_GROWTH);
  assert.equal(frameKey(key("a"), picture, NO_GROWTH), null);
});

/** A canvas' context of a few pixels that knows alpha and what our masks use, rectangles only. */
function paper(width: number, height: number) {
  const data = new Uint8ClampedArray(width * height * 4);
  const alpha = (x: number, y: number) => data[(y * width + x) * 4 + 3] as number;
  const put = (x: number, y: number, value: number) => {
    data[(y * width + x) * 4 + 3] = value;
  };
  const painter = {
    globalCompositeOperation: "source-over",
    save() {},
    restore() {
      this.globalCompositeOperation = "source-over";
    },
    fillRect(left: number, top: number, wide: number, high: number) {
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          const inside = x >= left && x < left + wide && y >= top && y < top + high;
          const before = alpha(x, y);
          const source = inside ? 255 : 0;
          if (this.globalCompositeOperation === "source-over") put(x, y, Math.max(before, source));
          else if (this.globalCompositeOperation === "destination-out") put(x, y, before * (1 - source / 255));
          else if (this.globalCompositeOperation === "source-out") put(x, y, source * (1 - before / 255));
          else assert.fail(this.globalCompositeOperation);
        }
      }
    },
    clearRect() {
      data.fill(0);
    },
  };
  return { data, painter: painter as unknown as CanvasRenderingContext2D };
}

test("a mask is what was marked, less what was erased; inverting it twice changes nothing", () => {
  const size = { width: 10, height: 10 };
  const { data, painter } = paper(10, 10);
  const deeds: MaskDeed[] = [
    { kind: "rectangle", erase: false, rectangle: { x: 0, y: 0, width: 10, height: 5 } },
    { kind: "rectangle", erase: true, rectangle: { x: 0, y: 0, width: 5, height: 5 } },
  ];
  const add = (deed: MaskDeed) => paint(painter, size, deed, "#000", () => assert.fail("no background was asked for"));
  deeds.forEach(add);
  assert.equal(share({ data }), 0.25);
  add({ kind: "invert" });
  assert.equal(share({ data }), 0.75);
  add({ kind: "invert" });
  assert.equal(share({ data }), 0.25);
  add({ kind: "clear" });
  assert.equal(share({ data }), 0);
});

test("a rectangle is the same however it was drawn, and ends at the picture's edge", () => {
  const size = { width: 100, height: 80 };
  const wanted = { x: 10, y: 20, width: 90, height: 60 };
  assert.deepEqual(rectangleOf({ x: 10, y: 20 }, { x: 400, y: 90 }, size), wanted);
  assert.deepEqual(rectangleOf({ x: 400, y: 90 }, { x: 10.2, y: 19.8 }, size), wanted);
  assert.deepEqual(rectangleOf({ x: -5, y: -5 }, { x: -1, y: 3 }, size), { x: 0, y: 0, width: 0, height: 3 });
});

/** Pixels from lines of letters: `.` transparent, `w` white, `v` nearly white, `r` red. */
function pixels(lines: string[]) {
  const colours: Record<string, number[]> = { ".": [0, 0, 0, 0], w: [255, 255, 255, 255], v: [246, 247, 248, 255], r: [220, 20, 20, 255] };
  return { width: lines[0]?.length ?? 0, height: lines.length, data: Uint8ClampedArray.from(lines.flatMap((line) => [...line].flatMap((letter) => colours[letter] ?? []))) };
}

const shown = (found: Uint8ClampedArray, width: number) => [...found].map((one) => (one ? "#" : "-")).join("").match(new RegExp(`.{${width}}`, "g"));

test("the background is what is transparent, where anything is", () => {
  assert.deepEqual(shown(backgroundOf(pixels(["w..", ".rw", "..."])), 3), ["-##", "#--", "###"]);
});

test("else it is what is joined to the border and coloured like it, and no hole inside", () => {
  const found = backgroundOf(pixels(["wwwww", "wrrrv", "wrwrw", "wrrrw", "vwwww"]));
  assert.deepEqual(shown(found, 5), ["#####", "#---#", "#---#", "#---#", "#####"]);
});

test("what was undone can be done again, until something else is done", () => {
  let time: Timeline<string> = BEGINNING;
  for (const deed of ["a", "b", "c"]) time = did(time, deed);
  time = undo(undo(time));
  assert.deepEqual(time.done, ["a"]);
  assert.deepEqual(redo(time).done, ["a", "b"]);
  time = did(time, "d");
  assert.deepEqual(redo(time).done, ["a", "d"]);
  assert.deepEqual(undo(undo(undo(time))).done, []);
});

test("sizes are refused before asking by the rule of the API", () => {
  for (const size of SIZES) assert.equal(sizeProblem(size), null, size.name);
  assert.equal(sizeProblem({ width: 8, height: 16 }), "side");
  assert.equal(sizeProblem({ width: 2064, height: 2048 }), "side");
  assert.equal(sizeProblem({ width: 100, height: 96 }), "step");
  assert.equal(sizeProblem({ width: 1600, height: 512 }), "ratio");
  assert.equal(sizeProblem({ width: Number.NaN, height: 512 }), "side");
  assert.deepEqual(readSize("768x512"), { width: 768, height: 512 });
  assert.equal(readSize("auto"), null);
});

test("zooming keeps the point under the hand where it is", () => {
  const view = fitted({ width: 1000, height: 700 }, { x: -100, y: 0, width: 712, height: 512 });
  const hand = { x: 321, y: 234 };
  const before = toPicture(view, hand);
  const after = toPicture(zoomed(view, 1.7, hand), hand);
  assert.ok(Math.abs(before.x - after.x) < 1e-9 && Math.abs(before.y - after.y) < 1e-9);
});

test("however many tiles there are, a screenful is drawn", () => {
  const tiling = tilingOf(1000, 100_000);
  for (const top of [0, 5000, tiling.height - 800]) {
    const { first, last } = inSight(tiling, 100_000, top, 800);
    assert.ok(last - first > 0 && last - first <= 60, `${first} to ${last}`);
  }
  assert.equal(inSight(tiling, 100_000, tiling.height - 800, 800).last, 100_000);
  assert.equal(tilingOf(358, 3).columns, 2);
  assert.equal(arrowed("ArrowDown", 3, 5, 7), 3);
  assert.equal(arrowed("ArrowDown", 1, 5, 7), 6);
  assert.equal(arrowed("End", 1, 5, 7), 6);
  assert.equal(arrowed("a", 1, 5, 7), null);
});

const OPTIONS = { size: "512x512", count: 4, quality: "medium", background: "auto", style: "", format: "png", seed: null, negative: " ", deployment: "pictures" } as const;

test("a wish holds what was chosen and nothing that was not", () => {
  assert.deepEqual(generation("a fox", OPTIONS).body, {
    model: "pictures", prompt: "a fox", n: 4, quality: "medium", output_format: "png", store: true, stream: true, partial_images: 3, size: "512x512",
  });
  const traced = generation("a fox", { ...OPTIONS, format: "svg", seed: 0, size: "auto", style: "flat" }).body;
  assert.deepEqual(traced, { model: "pictures", prompt: "a fox", n: 4, quality: "medium", style: "flat", seed: 0, output_format: "svg", store: true });
  const form = formOf(enlargement("a quay", OPTIONS, "pic_1", new Blob(["x"], { type: "image/png" }), { left: 16, right: 0, top: 0, bottom: 8 }));
  assert.deepEqual([form.get("left"), form.get("bottom"), form.get("parent"), (form.get("image") as File).name], ["16", "8", "pic_1", "picture.png"]);
});

test("what cannot be is told before asking", () => {
  assert.equal(wishProblem("  ", OPTIONS, true), "prompt");
  assert.equal(wishProblem("  ", OPTIONS, false), null);
  assert.equal(wishProblem("x".repeat(LIMITS.prompt + 1), OPTIONS, true), "long");
  assert.equal(wishProblem("a fox", { ...OPTIONS, background: "transparent", format: "jpeg" }, true), "jpeg");
});

import { useEffect, useMemo, useRef, useState } from "react";
import { BEGINNING, did, redo, type Timeline, undo } from "../timeline";
import { backgroundOf, type MaskDeed, paint, share } from "./mask";

const SAMPLE = 64; // pixels a side of the small copy that the marked share is counted in

export type Mask = ReturnType<typeof useMask>;

/** What is marked on a picture. `tint`: the colour in which it is shown. */
export function useMask(image: HTMLImageElement, tint: string) {
  const size = useMemo(() => ({ width: image.naturalWidth, height: image.naturalHeight }), [image]);
  const canvas = useMemo(() => canvasOf(size.width, size.height), [size]);
  const [timeline, setTimeline] = useState<Timeline<MaskDeed>>(BEGINNING);
  const [marked, setMarked] = useState(0);
  const redraw = useRef<() => void>(() => undefined);
  const background = useRef<HTMLCanvasElement>(null);

  const add = (deed: MaskDeed) => {
    const context = contextOf(canvas);
    paint(context, size, deed, tint, () => (background.current ??= backgroundCanvas(image, tint)));
    redraw.current();
  };
  const go = (next: Timeline<MaskDeed>) => {
    setTimeline(next);
    setMarked(shareOf(canvas));
  };
  const replay = (next: Timeline<MaskDeed>) => {
    contextOf(canvas).clearRect(0, 0, size.width, size.height);
    for (const deed of next.done) add(deed);
    redraw.current();
    go(next);
  };
  // The theme was changed: everything is painted again in its colour.
  const latest = useRef(() => undefined as void);
  latest.current = () => {
    background.current = null;
    replay(timeline);
  };
  useEffect(() => latest.current(), [tint]);
  return {
    canvas,
    size,
    /** From 0 to 1. */
    marked,
    canUndo: timeline.done.length > 0,
    canRedo: timeline.undone.length > 0,
    undo: () => replay(undo(timeline)),
    redo: () => replay(redo(timeline)),
    /** Paint and remember. */
    apply: (deed: MaskDeed) => {
      add(deed);
      go(did(timeline, deed));
    },
    /** Paint a part of a stroke that is not over; `remember` it when it is. */
    preview: add,
    remember: (deed: MaskDeed) => go(did(timeline, deed)),
    /** Called whenever the canvas has changed. */
    onChange: (callback: () => void) => {
      redraw.current = callback;
    },
    /** A PNG as the API wants it: transparent where the picture may change. */
    file: (): Promise<Blob> => maskFile(canvas),
  };
}

function canvasOf(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser gives no canvas to draw on");
  return context;
}

function shareOf(canvas: HTMLCanvasElement): number {
  const small = contextOf(canvasOf(SAMPLE, SAMPLE));
  small.drawImage(canvas, 0, 0, SAMPLE, SAMPLE);
  return share(small.getImageData(0, 0, SAMPLE, SAMPLE));
}

function backgroundCanvas(image: HTMLImageElement, tint: string): HTMLCanvasElement {
  const { naturalWidth: width, naturalHeight: height } = image;
  const canvas = canvasOf(width, height);
  const context = contextOf(canvas);
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, width, height);
  const found = backgroundOf(pixels);
  for (let at = 0; at < found.length; at += 1) pixels.data[at * 4 + 3] = found[at] as number;
  context.putImageData(pixels, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = tint;
  context.fillRect(0, 0, width, height);
  return canvas;
}

function maskFile(mask: HTMLCanvasElement): Promise<Blob> {
  const whole = canvasOf(mask.width, mask.height);
  const context = contextOf(whole);
  context.fillRect(0, 0, whole.width, whole.height);
  context.globalCompositeOperation = "destination-out";
  context.drawImage(mask, 0, 0);
  return new Promise((resolve, reject) => whole.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the mask could not be written"))), "image/png"));
}

import type Konva from "konva";
import { useRef } from "react";
import { type Point, type View, zoomed } from "./view";

const WHEEL = 1.0015; // a notch of a mouse's wheel is about 100

/** Moving about and going closer: the wheel, two fingers, and one hand where nothing else is done by it (`pans`). */
export function useGestures(view: View | null, setView: (view: View) => void, pans: boolean) {
  const fingers = useRef(new Map<number, Point>());
  const own = (event: PointerEvent): Point => {
    const box = (event.target as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - box.x, y: event.clientY - box.y };
  };
  const moves = (event: PointerEvent) => pans || event.buttons === 4; // the middle button always moves
  return {
    onWheel: ({ evt }: Konva.KonvaEventObject<WheelEvent>) => {
      evt.preventDefault();
      if (view) setView(zoomed(view, WHEEL ** -evt.deltaY, { x: evt.offsetX, y: evt.offsetY }));
    },
    /** True where this is a gesture, and nothing else. */
    onPointerDown: (event: PointerEvent): boolean => {
      fingers.current.set(event.pointerId, own(event));
      return fingers.current.size > 1 || moves(event);
    },
    onPointerMove: (event: PointerEvent): boolean => {
      const before = fingers.current.get(event.pointerId);
      if (!before || !view) return false;
      const at = own(event);
      fingers.current.set(event.pointerId, at);
      const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
        const closer = distance(at, other) / Math.max(1, distance(before, other));
        const next = zoomed(view, closer, middle);
        setView({ ...next, x: next.x + (at.x - before.x) / 2, y: next.y + (at.y - before.y) / 2 });
        return true;
      }
      if (!moves(event)) return false;
      setView({ ...view, x: view.x + at.x - before.x, y: view.y + at.y - before.y });
      return true;
    },
    onPointerUp: (event: PointerEvent): void => {
      fingers.current.delete(event.pointerId);
    },
  };
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

import { type RefObject, useLayoutEffect, useState } from "react";

const OVERSCAN = 8;
const ALL_BELOW = 60; // so few rows are simply there

/** From which row to before which one a table draws, and how many pixels of rows it leaves out before and after. */
export type RowWindow = { from: number; to: number; before: number; after: number };

/** The rows that can be seen in `scroller` now (its rows are all `height` tall), and a few beside them. */
export function useRowWindow(scroller: RefObject<HTMLElement | null>, count: number, height: number): RowWindow {
  const [seen, setSeen] = useState({ from: 0, to: ALL_BELOW });
  const few = count <= ALL_BELOW;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || few) return;
    const look = () => {
      const from = Math.max(0, Math.floor(element.scrollTop / height) - OVERSCAN);
      const to = from + Math.ceil(element.clientHeight / height) + 2 * OVERSCAN;
      setSeen((now) => (now.from === from && now.to === to ? now : { from, to }));
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    const resized = new ResizeObserver(look);
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      resized.disconnect();
    };
  }, [scroller, few, height]);
  if (few) return { from: 0, to: count, before: 0, after: 0 };
  const to = Math.min(count, seen.to);
  const from = Math.min(seen.from, Math.max(0, to - 1));
  return { from, to, before: from * height, after: (count - to) * height };
}

import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

const NEAR_PX = 48;

type Follow = {
  scroller: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLDivElement | null>;
  /** The latest words are out of sight, and the page does not follow them. */
  away: boolean;
  toLatest: () => void;
};

/** Keeps the end of what grows in sight, until its reader scrolls up. */
export function useFollow(thread: string | undefined): Follow {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [away, setAway] = useState(false);

  const toLatest = useCallback(() => {
    following.current = true;
    setAway(false);
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, []);

  useEffect(() => {
    const box = scroller.current;
    const inside = content.current;
    if (!box || !inside) return;
    let top = box.scrollTop;
    const gap = () => box.scrollHeight - box.scrollTop - box.clientHeight;
    const onScroll = () => {
      if (gap() < NEAR_PX) following.current = true;
      else if (box.scrollTop < top - 1) following.current = false;
      top = box.scrollTop;
      setAway(!following.current && gap() >= NEAR_PX);
    };
    const grown = new ResizeObserver(() => {
      // Not as cqh: a size container is styled anew at every word, which doubles what a word costs.
      const room = `${box.clientHeight}px`;
      if (inside.style.getPropertyValue("--room") !== room) inside.style.setProperty("--room", room);
      if (following.current) {
        box.scrollTop = box.scrollHeight;
        top = box.scrollTop;
      } else setAway(gap() >= NEAR_PX);
    });
    box.addEventListener("scroll", onScroll, { passive: true });
    grown.observe(inside);
    grown.observe(box);
    toLatest();
    return () => {
      box.removeEventListener("scroll", onScroll);
      grown.disconnect();
    };
  }, [thread, toLatest]);
  return { scroller, content, away, toLatest };
}

import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useT } from "@/i18n";
import { usePictureChanges } from "./gallery";
import { PictureTile } from "./PictureTile";
import { arrowed, GAP, inSight, tilingOf } from "./tiles";
import type { Picture } from "./types";

type TileGridProps = { pictures: readonly Picture[]; onEnd: () => void };

/** Pictures as tiles, of which only those in sight are drawn. Arrow keys go from one to the next; F marks, Delete deletes. */
export function TileGrid({ pictures, onEnd }: TileGridProps) {
  const t = useT();
  const { change, forget } = usePictureChanges();
  const holder = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState({ width: 0, height: 0 });
  const [top, setTop] = useState(0);
  const [at, setAt] = useState(0);
  useEffect(() => {
    if (!holder.current) return;
    const watch = new ResizeObserver(([entry]) => entry && setRoom({ width: entry.contentRect.width, height: entry.contentRect.height }));
    watch.observe(holder.current);
    return () => watch.disconnect();
  }, []);
  const tiling = tilingOf(room.width, pictures.length);
  const { first, last, above } = inSight(tiling, pictures.length, top, room.height);
  const reached = room.height > 0 && top + 2 * room.height > tiling.height;
  useEffect(() => {
    if (reached) onEnd();
  }, [reached, pictures.length]);

  const focus = (index: number) => {
    const list = holder.current;
    if (!list) return;
    const row = Math.floor(index / tiling.columns) * (tiling.side + GAP);
    if (row < list.scrollTop) list.scrollTop = row;
    else if (row + tiling.side > list.scrollTop + room.height) list.scrollTop = row + tiling.side - room.height;
    flushSync(() => {
      setTop(list.scrollTop);
      setAt(index);
    });
    list.querySelector<HTMLElement>(`[data-picture="${pictures[index]?.id}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const picture = pictures[at];
    const next = arrowed(event.key, at, tiling.columns, pictures.length);
    if (next !== null) focus(next);
    else if (picture && event.key.toLowerCase() === "f") void change(picture, { favourite: !picture.favourite });
    else if (picture && event.key === "Delete") {
      forget(picture);
      setAt(Math.min(at, pictures.length - 2));
    } else return;
    event.preventDefault();
  };
  const chosen = Math.min(at, pictures.length - 1);
  return (
    <div ref={holder} className="min-h-0 grow overflow-y-auto px-4 pb-4" onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <ul aria-label={t("studio.gallery")} aria-description={t("studio.galleryKeys")} className="relative" style={{ height: tiling.height }} onKeyDown={onKeyDown}>
        {room.width > 0 &&
          pictures.slice(first, last).map((picture, index) => (
            <li
              key={picture.id}
              aria-setsize={pictures.length}
              aria-posinset={first + index + 1}
              className="absolute"
              style={{
                width: tiling.side,
                height: tiling.side,
                left: (index % tiling.columns) * (tiling.side + GAP),
                top: above + Math.floor(index / tiling.columns) * (tiling.side + GAP),
              }}
            >
              <PictureTile picture={picture} width={384} tabIndex={first + index === chosen ? 0 : -1} onFocus={() => setAt(first + index)} />
            </li>
          ))}
      </ul>
    </div>
  );
}

import { useRef } from "react";
import { Layer, Rect } from "react-konva";
import { dragged, grown, type Growth, type Handle, HANDLES, moved } from "../frame";
import type { Size } from "../limits";
import type { Colours } from "./colours";

const HANDLE = 12; // screen pixels
const UNSEEN = "rgb(0 0 0 / 0)"; // a hand finds it all the same
const REACH = 28; // of a finger, beyond what is seen

type FrameHandlesProps = { picture: Size; growth: Growth; onGrowth: (growth: Growth) => void; scale: number; colours: Colours };

/** The frame that the picture shall fill: its sides and corners can be dragged, and all of it moved. */
export function FrameHandles({ picture, growth, onGrowth, scale, colours }: FrameHandlesProps) {
  const begun = useRef(growth); // as it was when a hand took hold of it
  const box = { x: -growth.left, y: -growth.top, ...grown(picture, growth) };
  const side = HANDLE / scale;
  return (
    <Layer>
      <Rect
        {...box}
        fill={UNSEEN}
        draggable
        onDragStart={() => (begun.current = growth)}
        onDragMove={(event) => {
          const before = begun.current;
          onGrowth(moved(picture, before, event.target.x() + before.left, event.target.y() + before.top));
          event.target.position({ x: box.x, y: box.y }); // where it is drawn follows from the growth alone
        }}
        onDragEnd={(event) => event.target.position({ x: box.x, y: box.y })}
        onMouseEnter={(event) => point(event.target.getStage()?.container(), "move")}
        onMouseLeave={(event) => point(event.target.getStage()?.container(), "")}
      />
      <Rect {...box} stroke={colours.accent} strokeWidth={2} strokeScaleEnabled={false} dash={[6, 4]} listening={false} />
      {HANDLES.map((handle) => {
        const middle = placeOf(handle, box);
        return (
          <Rect
            key={handle}
            name={`handle ${handle}`}
            x={middle.x}
            y={middle.y}
            offsetX={side / 2}
            offsetY={side / 2}
            width={side}
            height={side}
            cornerRadius={3 / scale}
            fill={colours.page}
            stroke={colours.accent}
            strokeWidth={2}
            strokeScaleEnabled={false}
            hitStrokeWidth={REACH}
            draggable
            onDragStart={() => (begun.current = growth)}
            onDragMove={(event) => {
              const before = begun.current;
              const from = placeOf(handle, { x: -before.left, y: -before.top, ...grown(picture, before) });
              onGrowth(dragged(picture, before, handle, event.target.x() - from.x, event.target.y() - from.y));
            }}
            onMouseEnter={(event) => point(event.target.getStage()?.container(), CURSORS[handle])}
            onMouseLeave={(event) => point(event.target.getStage()?.container(), "")}
          />
        );
      })}
    </Layer>
  );
}

const CURSORS: Record<Handle, string> = {
  left: "ew-resize",
  right: "ew-resize",
  top: "ns-resize",
  bottom: "ns-resize",
  "left-top": "nwse-resize",
  "right-bottom": "nwse-resize",
  "right-top": "nesw-resize",
  "left-bottom": "nesw-resize",
};

function point(holder: HTMLElement | undefined, cursor: string): void {
  if (holder) holder.style.cursor = cursor;
}

function placeOf(handle: Handle, { x, y, width, height }: { x: number; y: number } & Size): { x: number; y: number } {
  return {
    x: handle.includes("left") ? x : handle.includes("right") ? x + width : x + width / 2,
    y: handle.includes("top") ? y : handle.includes("bottom") ? y + height : y + height / 2,
  };
}

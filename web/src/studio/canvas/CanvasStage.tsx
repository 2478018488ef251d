import Konva from "konva";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { Circle, Image as Picture, Layer, Rect, Stage } from "react-konva";
import { useT } from "@/i18n";
import type { Growth } from "../frame";
import { FrameHandles } from "./FrameHandles";
import { frameKey } from "./frameKeys";
import type { MaskDeed, MaskTool } from "./mask";
import { rectangleOf } from "./mask";
import { chequers } from "./chequers";
import { useColours } from "./colours";
import { useGestures } from "./useGestures";
import { useRoom } from "./useRoom";
import type { Mask } from "./useMask";
import { fitted, type Point, toPicture, type View, zoomed } from "./view";

export type StageTool = "look" | "mask" | "frame";

type CanvasStageProps = {
  image: HTMLImageElement;
  name: string;
  tool: StageTool;
  mask: Mask;
  maskTool: MaskTool;
  brush: number;
  growth: Growth;
  onGrowth: (growth: Growth) => void;
  /** A number that is changed to show the whole again. */
  fit: number;
};

const KEY_ZOOM = 1.25;

/** The picture, to look at closely, to mark parts of, and in a frame that it shall fill. */
export default function CanvasStage({ image, name, tool, mask, maskTool, brush, growth, onGrowth, fit }: CanvasStageProps) {
  const t = useT();
  const holder = useRef<HTMLDivElement>(null);
  const layer = useRef<Konva.Layer>(null);
  const room = useRoom(holder);
  const colours = useColours();
  const size = mask.size;
  const [view, setView] = useState<View | null>(null);
  const [cursor, setCursor] = useState<Point | null>(null);
  const [corner, setCorner] = useState<{ from: Point; to: Point } | null>(null);
  const [said, setSaid] = useState("");
  const stroke = useRef<number[] | null>(null);
  const ground = useMemo(() => chequers(colours.line, colours.page), [colours]);

  const whole = { x: -growth.left, y: -growth.top, width: size.width + growth.left + growth.right, height: size.height + growth.top + growth.bottom };
  const shown = tool === "frame" ? whole : { x: 0, y: 0, ...size };
  // Shown whole at first, when the window changes, and when somebody asks for it; not while a hand drags.
  useEffect(() => {
    if (room) setView(fitted(room, shown));
  }, [room, tool, fit, image]);
  useEffect(() => mask.onChange(() => layer.current?.batchDraw()));
  const gestures = useGestures(view, setView, tool === "look");

  const pen = (points: readonly number[]): MaskDeed => ({ kind: "stroke", erase: maskTool === "eraser", width: brush, points });
  const begin = (at: Point) => {
    if (maskTool === "rectangle") return setCorner({ from: at, to: at });
    stroke.current = [at.x, at.y];
    mask.preview(pen(stroke.current));
  };
  const go = (at: Point) => {
    setCursor(at);
    if (corner) return setCorner({ ...corner, to: at });
    const points = stroke.current;
    if (!points) return;
    mask.preview(pen([...points.slice(-2), at.x, at.y]));
    points.push(at.x, at.y);
  };
  const end = () => {
    if (corner) {
      const rectangle = rectangleOf(corner.from, corner.to, size);
      if (rectangle.width > 0 && rectangle.height > 0) mask.apply({ kind: "rectangle", erase: false, rectangle });
      setCorner(null);
    }
    if (stroke.current) mask.remember(pen(stroke.current));
    stroke.current = null;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (!view || !room || event.metaKey || event.ctrlKey) return;
    const step = event.shiftKey ? 1 : Math.max(1, Math.round(brush / 4));
    const direction = DIRECTIONS[event.key];
    if (event.key === "+" || event.key === "-") setView(zoomed(view, event.key === "+" ? KEY_ZOOM : 1 / KEY_ZOOM, { x: room.width / 2, y: room.height / 2 }));
    else if (tool === "frame") {
      const next = frameKey(event, size, growth);
      if (!next) return;
      onGrowth(next);
      setSaid(t("studio.frame.is", { width: String(size.width + next.left + next.right), height: String(size.height + next.top + next.bottom) }));
    } else if (tool === "mask" && direction) {
      const from = cursor ?? { x: size.width / 2, y: size.height / 2 };
      const to = { x: Math.min(Math.max(from.x + direction.x * step, 0), size.width), y: Math.min(Math.max(from.y + direction.y * step, 0), size.height) };
      go(to);
    } else if (tool === "mask" && (event.key === " " || event.key === "Enter")) {
      const at = cursor ?? { x: size.width / 2, y: size.height / 2 };
      setCursor(at);
      // Space begins and ends what the arrow keys draw.
      if (stroke.current || corner) {
        end();
        setSaid(t("studio.mask.ended"));
      } else {
        begin(at);
        setSaid(t("studio.mask.begun"));
      }
    } else if (tool === "look" && direction) setView({ ...view, x: view.x - direction.x * 32, y: view.y - direction.y * 32 });
    else return;
    event.preventDefault();
  };

  const at = (stage: Konva.Stage | null): Point | null => {
    const point = stage?.getPointerPosition();
    return point && view ? toPicture(view, point) : null;
  };
  const painting = tool === "mask";
  const rectangle = corner && rectangleOf(corner.from, corner.to, size);
  return (
    <div
      ref={holder}
      tabIndex={0}
      role="application"
      aria-label={t("studio.canvas", { name })}
      aria-roledescription={t("studio.canvasRole")}
      aria-description={t(`studio.canvas.${tool}`)}
      className="relative min-h-0 grow touch-none overflow-hidden bg-side"
      onKeyDown={onKeyDown}
    >
      {room && view && (
        <Stage
          {...room}
          x={view.x}
          y={view.y}
          scaleX={view.scale}
          scaleY={view.scale}
          onWheel={gestures.onWheel}
          onPointerDown={(event) => {
            if (gestures.onPointerDown(event.evt) || !painting || event.evt.button > 0) return;
            const point = at(event.target.getStage());
            if (point) begin(point);
          }}
          onPointerMove={(event) => {
            if (gestures.onPointerMove(event.evt)) {
              stroke.current = null;
              return;
            }
            const point = painting && at(event.target.getStage());
            if (point) go(point);
          }}
          onPointerUp={(event) => {
            gestures.onPointerUp(event.evt);
            end();
          }}
          onPointerLeave={(event) => {
            gestures.onPointerUp(event.evt);
            end();
            setCursor(null);
          }}
        >
          <Layer ref={layer} listening={false} imageSmoothingEnabled={view.scale < 2}>
            {ground && <Rect {...shown} fillPatternImage={ground as unknown as HTMLImageElement} fillPatternScale={{ x: 1 / view.scale, y: 1 / view.scale }} />}
            {tool === "frame" && <Rect {...whole} fill={colours.accent} opacity={0.16} />}
            <Picture image={image} {...size} />
            {painting && <Picture image={mask.canvas} opacity={0.55} />}
            {rectangle && <Rect {...rectangle} fill={colours.accent} opacity={0.4} />}
            {painting && cursor && maskTool !== "rectangle" && (
              <>
                <Circle {...cursor} radius={brush / 2} stroke={colours.page} strokeWidth={3 / view.scale} />
                <Circle {...cursor} radius={brush / 2} stroke={colours.ink} strokeWidth={1 / view.scale} />
              </>
            )}
          </Layer>
          {tool === "frame" && <FrameHandles picture={size} growth={growth} onGrowth={onGrowth} scale={view.scale} colours={colours} />}
        </Stage>
      )}
      <p role="status" className="sr-only">
        {said}
      </p>
    </div>
  );
}

const DIRECTIONS: Record<string, Point> = { ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 } };

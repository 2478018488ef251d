import { Brush, Circle, Contrast, Eraser, Redo2, Scan, SquareDashed, Trash2, Undo2 } from "lucide-react";
import type { ReactNode } from "react";
import { useLanguage, useT } from "@/i18n";
import { IconButton } from "@/ui/Button";
import { Hint } from "@/ui/Hint";
import { Keys } from "@/ui/Keys";
import type { MaskTool } from "./canvas/mask";
import type { Mask } from "./canvas/useMask";
import { useKeys } from "./useKeys";

const LARGEST = 3; // the brush is at most a third of the longer side
const GROWS = 1.25;

type MaskToolsProps = { mask: Mask; tool: MaskTool; onTool: (tool: MaskTool) => void; brush: number; onBrush: (pixels: number) => void };

/** How parts of the picture are marked. */
export function MaskTools({ mask, tool, onTool, brush, onBrush }: MaskToolsProps) {
  const t = useT();
  const language = useLanguage();
  const most = Math.max(8, Math.round(Math.max(mask.size.width, mask.size.height) / LARGEST));
  const sized = (pixels: number) => onBrush(Math.min(most, Math.max(2, Math.round(pixels))));
  const all = {
    background: () => mask.apply({ kind: "background" }),
    invert: () => mask.apply({ kind: "invert" }),
    clear: () => mask.apply({ kind: "clear" }),
  };
  useKeys({
    b: () => onTool("brush"),
    e: () => onTool("eraser"),
    r: () => onTool("rectangle"),
    g: all.background,
    x: all.invert,
    delete: all.clear,
    "[": () => sized(brush / GROWS),
    "]": () => sized(Math.max(brush * GROWS, brush + 1)),
    "mod+z": mask.undo,
    "mod+shift+z": mask.redo,
    "mod+y": mask.redo,
  });
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: mask.marked < 0.1 ? 1 : 0 }).format(mask.marked);
  return (
    <div role="toolbar" aria-label={t("studio.mask")} className="flex shrink-0 flex-wrap items-center gap-1 border-b border-line px-2 py-1">
      <Tool name={t("studio.brush")} keys="b" pressed={tool === "brush"} onClick={() => onTool("brush")} icon={<Brush aria-hidden />} />
      <Tool name={t("studio.eraser")} keys="e" pressed={tool === "eraser"} onClick={() => onTool("eraser")} icon={<Eraser aria-hidden />} />
      <Tool name={t("studio.rectangle")} keys="r" pressed={tool === "rectangle"} onClick={() => onTool("rectangle")} icon={<SquareDashed aria-hidden />} />
      <label className="flex items-center gap-2 px-2 text-sm text-quiet">
        <Circle aria-hidden className="size-3" />
        <span className="sr-only">{t("studio.brushSize")}</span>
        <input type="range" min={2} max={most} value={brush} aria-valuetext={t.count("studio.pixels", brush)} onChange={(event) => sized(Number(event.target.value))} className="h-8 w-24 accent-accent coarse:h-11" />
        <span aria-hidden className="w-14 tabular-nums">
          {t.count("studio.pixels", brush)}
        </span>
      </label>
      <Tool name={t("studio.wholeBackground")} keys="g" onClick={all.background} icon={<Scan aria-hidden />} />
      <Tool name={t("studio.invert")} keys="x" onClick={all.invert} icon={<Contrast aria-hidden />} />
      <Tool name={t("studio.clear")} keys="delete" onClick={all.clear} icon={<Trash2 aria-hidden />} />
      <Tool name={t("studio.undoStroke")} keys="mod+z" disabled={!mask.canUndo} onClick={mask.undo} icon={<Undo2 aria-hidden />} />
      <Tool name={t("studio.redoStroke")} keys="mod+shift+z" disabled={!mask.canRedo} onClick={mask.redo} icon={<Redo2 aria-hidden />} />
      <p role="status" className="ml-auto px-2 text-sm text-quiet">
        {mask.marked > 0 ? t("studio.marked", { share }) : t("studio.nothingMarked")}
      </p>
    </div>
  );
}

type ToolProps = { name: string; keys: string; pressed?: boolean; disabled?: boolean; onClick: () => void; icon: ReactNode };

function Tool({ name, keys, pressed, disabled = false, onClick, icon }: ToolProps) {
  return (
    <Hint text={name} keys={<Keys of={keys} inverse />}>
      <IconButton label={name} {...(pressed !== undefined && { pressed })} disabled={disabled} onClick={onClick}>
        {icon}
      </IconButton>
    </Hint>
  );
}

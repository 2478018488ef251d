import { Brush, Columns2, Expand, Hand, Maximize, Redo2, Undo2 } from "lucide-react";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { useT } from "@/i18n";
import { IconButton } from "@/ui/Button";
import { cx } from "@/ui/classes";
import { Hint } from "@/ui/Hint";
import { Keys } from "@/ui/Keys";
import { useChildren } from "./gallery";
import { goneOnTo, rememberWay } from "./ways";
import type { Picture } from "./types";
import { useKeys } from "./useKeys";

export type PictureTool = "look" | "mask" | "frame" | "compare";

type ToolBarProps = { picture: Picture; tool: PictureTool; onTool: (tool: PictureTool) => void; onFit: () => void };

/** What can be done with the picture; and one step back, or on again. */
export function ToolBar({ picture, tool, onTool, onFit }: ToolBarProps) {
  const t = useT();
  const [, go] = useLocation();
  const children = useChildren(picture.id);
  const before = picture.parent;
  const next = goneOnTo(picture.id) ?? children.at(-1)?.id ?? null;
  const back = () => {
    if (!before) return;
    rememberWay(before, picture.id);
    go(`/images/${before}`);
  };
  const on = () => next && go(`/images/${next}`);
  useKeys({ "1": () => onTool("look"), "2": () => onTool("mask"), "3": () => onTool("frame"), "4": () => before && onTool("compare"), "0": onFit, "alt+[": back, "alt+]": on });
  return (
    <div role="toolbar" aria-label={t("studio.tools")} className="flex shrink-0 items-center gap-1 overflow-x-auto border-b border-line px-2 py-1.5">
      <Tool name={t("studio.look")} keys="1" chosen={tool === "look"} onClick={() => onTool("look")} icon={<Hand aria-hidden />} />
      <Tool name={t("studio.mask")} keys="2" chosen={tool === "mask"} onClick={() => onTool("mask")} icon={<Brush aria-hidden />} />
      <Tool name={t("studio.frame")} keys="3" chosen={tool === "frame"} onClick={() => onTool("frame")} icon={<Expand aria-hidden />} />
      {before && <Tool name={t("studio.compare")} keys="4" chosen={tool === "compare"} onClick={() => onTool("compare")} icon={<Columns2 aria-hidden />} />}
      <div className="grow" />
      <Hint text={t("studio.fit")} keys={<Keys of="0" inverse />}>
        <IconButton label={t("studio.fit")} onClick={onFit}>
          <Maximize aria-hidden />
        </IconButton>
      </Hint>
      <Hint text={t("studio.stepBack")} keys={<Keys of="alt+[" inverse />}>
        <IconButton label={t("studio.stepBack")} disabled={!before} onClick={back}>
          <Undo2 aria-hidden />
        </IconButton>
      </Hint>
      <Hint text={t("studio.stepOn")} keys={<Keys of="alt+]" inverse />}>
        <IconButton label={t("studio.stepOn")} disabled={!next} onClick={on}>
          <Redo2 aria-hidden />
        </IconButton>
      </Hint>
    </div>
  );
}

type ToolProps = { name: string; keys: string; chosen: boolean; onClick: () => void; icon: ReactNode };

function Tool({ name, keys, chosen, onClick, icon }: ToolProps) {
  return (
    <Hint text={name} keys={<Keys of={keys} inverse />}>
      <button
        type="button"
        aria-pressed={chosen}
        onClick={onClick}
        className={cx("flex h-8 shrink-0 items-center gap-2 rounded-sm px-2.5 coarse:h-11 [&_svg]:size-4", chosen ? "bg-chosen" : "text-quiet hover:bg-hover hover:text-ink")}
      >
        {icon}
        <span className={chosen ? "" : "max-md:sr-only"}>{name}</span>
      </button>
    </Hint>
  );
}

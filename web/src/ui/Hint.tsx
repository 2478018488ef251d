import { Tooltip } from "@base-ui/react/tooltip";
import type { ReactElement, ReactNode } from "react";

type HintProps = { text: string; keys?: ReactNode; side?: "top" | "right" | "bottom" | "left"; children: ReactElement };

/** A tooltip: what a button without words does, and its keys. */
export function Hint({ text, keys, side = "bottom", children }: HintProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger render={children} />
      <Tooltip.Portal>
        <Tooltip.Positioner side={side} sideOffset={6} className="z-50">
          <Tooltip.Popup className="flex items-center gap-2 rounded-sm bg-ink px-2 py-1 text-xs text-page shadow-lift">
            {text}
            {keys}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

/** Around the app: after the first hint of a group, its neighbours come at once. */
export const Hints = Tooltip.Provider;

import { type ReactElement, type ReactNode, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";

type Side = "top" | "right" | "bottom" | "left";
type HintProps = { text: string; keys?: ReactNode; side?: Side; children: ReactElement };

const PATIENCE_MS = 500;
const GROUP_MS = 300; // after one hint its neighbours come at once
const GAP = 6;
let lastHidden = Number.NEGATIVE_INFINITY;

/**
 * A tooltip: in words what a button without words does, and its keys. For eyes only: the button's own label says the same
 * to a screen reader.
 */
export function Hint({ text, keys, side = "bottom", children }: HintProps) {
  const [anchor, setAnchor] = useState<Element | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const show = (wrapper: HTMLElement, patience: number) => {
    clearTimeout(timer.current);
    const button = wrapper.firstElementChild;
    timer.current = setTimeout(() => setAnchor(button), performance.now() - lastHidden < GROUP_MS ? 0 : patience);
  };
  const hide = () => {
    clearTimeout(timer.current);
    if (anchor) lastHidden = performance.now();
    setAnchor(null);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <span
      className="contents"
      onPointerEnter={(event) => event.pointerType === "mouse" && show(event.currentTarget, PATIENCE_MS)}
      onPointerLeave={hide}
      onPointerDown={hide}
      onFocus={(event) => event.target.matches(":focus-visible") && show(event.currentTarget, 0)}
      onBlur={hide}
      onKeyDown={hide}
    >
      {children}
      {anchor && createPortal(<Bubble anchor={anchor} side={side} text={text} keys={keys} />, document.body)}
    </span>
  );
}

type BubbleProps = { anchor: Element; side: Side; text: string; keys: ReactNode };

function Bubble({ anchor, side, text, keys }: BubbleProps) {
  return (
    <div
      aria-hidden
      ref={(bubble) => {
        if (bubble) place(bubble, anchor.getBoundingClientRect(), side);
      }}
      className="pointer-events-none fixed z-50 flex items-center gap-2 rounded-sm bg-ink px-2 py-1 text-xs whitespace-nowrap text-page shadow-lift"
    >
      {text}
      {keys}
    </div>
  );
}

/** Beside the button, and within the window. */
function place(bubble: HTMLElement, at: DOMRect, side: Side): void {
  const { offsetWidth: width, offsetHeight: height } = bubble;
  const middle = { x: at.x + (at.width - width) / 2, y: at.y + (at.height - height) / 2 };
  const x = side === "right" ? at.right + GAP : side === "left" ? at.left - GAP - width : middle.x;
  const y = side === "bottom" ? at.bottom + GAP : side === "top" ? at.top - GAP - height : middle.y;
  bubble.style.left = `${Math.max(GAP, Math.min(x, innerWidth - width - GAP))}px`;
  bubble.style.top = `${Math.max(GAP, Math.min(y, innerHeight - height - GAP))}px`;
}

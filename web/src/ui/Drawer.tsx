import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { BACKDROP } from "./Dialog";
import { cx } from "./classes";

type DrawerProps = { open: boolean; onClose: () => void; side: "left" | "right"; title: string; children: ReactNode };

/** What stands beside the page on a wide screen, and slides over it on a narrow one. */
export function Drawer({ open, onClose, side, title, children }: DrawerProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={cx(BACKDROP, "z-30")} />
        <Base.Popup
          className={cx(
            "fixed inset-y-0 z-40 flex w-[min(20rem,calc(100vw-3rem))] flex-col bg-side shadow-lift outline-none",
            "transition-transform duration-150 ease-out",
            side === "left"
              ? "left-0 data-ending-style:-translate-x-full data-starting-style:-translate-x-full"
              : "right-0 data-ending-style:translate-x-full data-starting-style:translate-x-full",
          )}
        >
          <Base.Title className="sr-only">{title}</Base.Title>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

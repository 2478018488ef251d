import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useT } from "@/i18n";
import { IconButton } from "./Button";
import { cx } from "./classes";

type DialogProps = {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** Wide: for tables and code. */
  wide?: boolean;
  /** False: neither Escape nor a click beside it closes it. */
  closable?: boolean;
};

/** A question or a form above the page; the focus stays in it, and goes back where it was. */
export function Dialog({ open, onClose, title, children, wide = false, closable = true }: DialogProps) {
  const t = useT();
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && closable && onClose()}>
      <Base.Portal>
        {/* Also over a drawer that it was opened from: that is a dialog too, and would otherwise stay bright beside it. */}
        <Base.Backdrop forceRender className={cx(BACKDROP, "z-40")} />
        <Base.Popup
          className={cx(
            "fixed top-[12vh] left-1/2 z-40 flex max-h-[80vh] w-[calc(100vw-2rem)] -translate-x-1/2 flex-col",
            "rounded-lg border border-line bg-raised shadow-lift outline-none",
            "transition-opacity duration-150 ease-out data-ending-style:opacity-0 data-starting-style:opacity-0",
            wide ? "max-w-3xl" : "max-w-md",
          )}
        >
          <div className="flex items-center justify-between gap-4 border-b border-line py-2 pr-2 pl-4">
            <Base.Title className="text-base font-semibold">{title}</Base.Title>
            {closable && (
              <Base.Close render={<IconButton label={t("common.close")} />}>
                <X aria-hidden />
              </Base.Close>
            )}
          </div>
          <div className="overflow-y-auto p-4">{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export const BACKDROP =
  "fixed inset-0 bg-shade transition-opacity duration-150 ease-out data-ending-style:opacity-0 data-starting-style:opacity-0";

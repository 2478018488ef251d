import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { cx } from "./classes";

type MenuProps = { trigger: ReactElement; children: ReactNode; align?: "start" | "end"; side?: "bottom" | "top" | "right" };

/** A menu that `trigger` (a button) opens. */
export function Menu({ trigger, children, align = "start", side = "bottom" }: MenuProps) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align={align} side={side} sideOffset={6} className="z-50 outline-none">
          <Base.Popup
            className={cx(
              "max-h-[min(28rem,var(--available-height))] min-w-48 overflow-y-auto rounded-md border border-line bg-raised p-1",
              "shadow-lift outline-none transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0",
            )}
          >
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

type ItemProps = { onClick: () => void; icon?: ReactNode; children: ReactNode; keys?: ReactNode; danger?: boolean; checked?: boolean };

/** One line of a menu. `checked`: it is one of several to choose from. */
export function MenuItem({ onClick, icon, children, keys, danger = false, checked }: ItemProps) {
  return (
    <Base.Item
      onClick={onClick}
      className={cx(
        "flex min-h-8 items-center gap-2 rounded-sm px-2 py-1 outline-none select-none coarse:min-h-11",
        "data-highlighted:bg-chosen [&_svg]:size-4 [&_svg]:shrink-0",
        danger && "text-bad",
      )}
    >
      {icon && <span className={danger ? "" : "text-quiet"}>{icon}</span>}
      <span className="grow">{children}</span>
      {keys}
      {checked !== undefined && <Check aria-hidden className={checked ? "text-accent" : "invisible"} />}
    </Base.Item>
  );
}

export function MenuLine() {
  return <Base.Separator className="mx-2 my-1 h-px bg-line" />;
}

/** Lines that belong together, with their heading. */
export function MenuGroup({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-2 pt-1.5 pb-1 text-xs text-quiet">{label}</Base.GroupLabel>
      {children}
    </Base.Group>
  );
}

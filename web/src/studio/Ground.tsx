import type { CSSProperties, ReactNode } from "react";
import { cx } from "@/ui/classes";

/** A chequered ground, so that what is transparent is seen to be. */
export function Ground({ className, style, children }: { className?: string; style?: CSSProperties; children?: ReactNode }) {
  return (
    <div className={cx("chequered overflow-hidden", className)} style={style}>
      {children}
    </div>
  );
}

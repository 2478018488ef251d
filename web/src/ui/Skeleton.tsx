import { useEffect, useState } from "react";
import { cx } from "./classes";

const PATIENCE_MS = 200; // what is there sooner needs no placeholder, which would only flicker

/** A grey line where text will be. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={cx("block h-4 animate-pulse rounded-sm bg-chosen", className)} />;
}

/** True once something has taken long enough to say so. */
export function useSlow(): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return slow;
}

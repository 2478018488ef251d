import { useSyncExternalStore } from "react";

const media = { md: matchMedia("(min-width: 48rem)"), xl: matchMedia("(min-width: 72rem)") };

/** Whether the window is at least that wide: md = room for a list beside the page, xl = for an inspector too. */
export function useWide(size: keyof typeof media): boolean {
  return useSyncExternalStore(
    (listener) => {
      media[size].addEventListener("change", listener);
      return () => media[size].removeEventListener("change", listener);
    },
    () => media[size].matches,
  );
}

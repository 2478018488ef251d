import { lazy, Suspense } from "react";

const Typeset = lazy(() => import("./Typeset"));

/** A formula; its source until what sets it is there, and where it is no formula. */
export function Formula({ tex, display }: { tex: string; display: boolean }) {
  return (
    <Suspense fallback={<code className="font-mono text-[0.875em]">{tex}</code>}>
      <Typeset tex={tex} display={display} />
    </Suspense>
  );
}

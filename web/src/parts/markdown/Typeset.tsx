import katex from "katex";
import "katex/dist/katex.min.css";
import { useLayoutEffect, useRef, useState } from "react";

/** A formula set by KaTeX, which builds elements here: a string of HTML would need styles that our policy forbids. */
export default function Typeset({ tex, display }: { tex: string; display: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  const [wrong, setWrong] = useState(false);
  useLayoutEffect(() => {
    if (!place.current) return;
    try {
      katex.render(tex, place.current, { displayMode: display, throwOnError: true, trust: false, maxExpand: 200, maxSize: 20, strict: "ignore" });
      setWrong(false);
    } catch (error) {
      if (!(error instanceof katex.ParseError)) throw error;
      setWrong(true);
    }
  }, [tex, display]);
  return (
    <>
      <span ref={place} hidden={wrong} className={display ? "block overflow-x-auto overflow-y-hidden py-1" : undefined} tabIndex={display ? 0 : undefined} dir="ltr" />
      {wrong && <code className="font-mono text-[0.875em]">{tex}</code>}
    </>
  );
}

import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

/** A call of a tool: one line, behind which stand what it was given and what came of it. */
export function CallBox({ icon, title, open = false, children }: { icon: ReactNode; title: string; open?: boolean; children: ReactNode }) {
  return (
    <details open={open} className="group/call my-2 rounded-md border border-line">
      <summary className="flex min-h-9 cursor-pointer items-center gap-2 rounded-md px-3 py-1.5 text-sm text-quiet select-none marker:content-none hover:bg-hover coarse:min-h-11 [&_svg]:size-4 [&_svg]:shrink-0">
        {icon}
        <span className="min-w-0 grow break-words">{title}</span>
        <ChevronRight aria-hidden className="transition-transform duration-150 group-open/call:rotate-90" />
      </summary>
      <div className="border-t border-line px-3 py-2">{children}</div>
    </details>
  );
}

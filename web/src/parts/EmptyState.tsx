import type { ReactNode } from "react";

type EmptyStateProps = { title: string; children?: ReactNode; actions?: ReactNode; icon?: ReactNode };

/** A page or list that has nothing to show: why, and what to do. Errors and empty lists look the same: calm. */
export function EmptyState({ title, children, actions, icon }: EmptyStateProps) {
  return (
    <div className="m-auto flex max-w-md flex-col items-center gap-3 p-6 text-center">
      {icon && <div className="text-quiet [&_svg]:size-8 [&_svg]:stroke-[1.5]">{icon}</div>}
      <h2 className="text-lg font-semibold text-balance">{title}</h2>
      {children && <div className="text-quiet text-pretty">{children}</div>}
      {actions && <div className="mt-2 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  );
}

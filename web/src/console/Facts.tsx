import type { ReactNode } from "react";

export type Fact = readonly [name: string, value: ReactNode];

/** What is known of one thing, line by line; what is empty is left out. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="grid h-fit grid-cols-[auto_1fr] gap-x-6 gap-y-2 rounded-md border border-line p-4">
      {facts.map(
        ([name, value]) =>
          value && (
            <div key={name} className="contents">
              <dt className="text-quiet">{name}</dt>
              <dd className="min-w-0 text-end break-words tabular-nums">{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

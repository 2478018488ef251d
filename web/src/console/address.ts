import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** What the page shows, kept in its address: `[values, change]`. A value that is "" is left out of it. */
export function useAddress<Name extends string>(names: readonly Name[]): [Record<Name, string>, (changes: Partial<Record<Name, string>>) => void] {
  const [params, setParams] = useSearchParams();
  const values = Object.fromEntries(names.map((name) => [name, params.get(name) ?? ""])) as Record<Name, string>;
  const change = useCallback(
    (changes: Partial<Record<Name, string>>) =>
      setParams(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes) as [string, string | undefined][]) {
            if (value) next.set(name, value);
            else next.delete(name);
          }
          return next;
        },
        { replace: true },
      ),
    [setParams],
  );
  return [values, change];
}

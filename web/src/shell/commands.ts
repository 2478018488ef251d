import { type ReactNode, useEffect, useRef } from "react";

/** One line of the palette. */
export type Command = {
  id: string;
  label: string;
  run: () => void;
  /** Words that find it beside its label. */
  words?: string;
  detail?: string;
  icon?: ReactNode;
  /** Keys that do the same, as in SHORTCUTS. */
  keys?: string;
};

/** What a page offers in the palette: lines to choose from (filtered there), or a search of its own for what was typed. */
export type CommandSource = {
  heading: string;
  commands?: Command[];
  search?: (query: string, signal: AbortSignal) => Promise<Command[]>;
};

const sources: { current: () => CommandSource }[] = [];

/** While this component is on the page, the palette (⌘K) offers what `source` holds. */
export function useCommands(source: CommandSource): void {
  const latest = useRef(source);
  latest.current = source;
  useEffect(() => {
    const own = { current: () => latest.current };
    sources.push(own);
    return () => void sources.splice(sources.indexOf(own), 1);
  }, []);
}

export function commandSources(): CommandSource[] {
  return sources.map((source) => source.current()).reverse();
}

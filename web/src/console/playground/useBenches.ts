import { useEffect, useRef, useState } from "react";
import { type Bench, FRESH, type TabName } from "./bench";
import { benchOf, usePresets } from "./presets";

const STORED = "pleiade.playground."; // and the tab's name: what stands there survives a reload of this browser tab

function remembered(tab: TabName): Bench {
  try {
    const kept = benchOf(JSON.parse(sessionStorage.getItem(STORED + tab) ?? "null"));
    return kept?.tab === tab ? kept : FRESH[tab];
  } catch {
    return FRESH[tab];
  }
}

/** What stands in each tab, and how to change it. A preset that the address names is put there once it is known. */
export function useBenches(tab: TabName, preset: string | null) {
  const named = usePresets().find(({ name }) => name === preset);
  const [benches, setBenches] = useState<Partial<Record<TabName, Bench>>>(() => (named ? { [named.bench.tab]: named.bench } : {}));
  const put = useRef(named?.name);
  const change = (bench: Bench) => {
    sessionStorage.setItem(STORED + bench.tab, JSON.stringify(bench));
    setBenches((before) => ({ ...before, [bench.tab]: bench }));
  };
  useEffect(() => {
    if (put.current === named?.name) return;
    put.current = named?.name;
    if (named) change(named.bench);
  }, [named]);
  return { bench: benches[tab] ?? remembered(tab), change, missing: preset !== null && named?.bench.tab !== tab };
}

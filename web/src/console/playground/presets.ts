import { useSyncExternalStore } from "react";
import { type Bench, FRESH, type Lane, ROLES, TABS } from "./bench";

/** A bench that has a name; kept by the browser. */
export type Preset = { name: string; bench: Bench };

const STORED = "pleiade.presets";
const KIND = "pleiade.presets/1"; // what an exported file says that it is
export const LONGEST_NAME = 80;

let now: readonly Preset[] = read();
const listeners = new Set<() => void>();

function read(): readonly Preset[] {
  try {
    return presetsOf(JSON.parse(localStorage.getItem(STORED) ?? "[]"));
  } catch {
    return []; // somebody else's text under our name
  }
}

function set(next: readonly Preset[]): void {
  now = [...next].sort((one, other) => one.name.localeCompare(other.name));
  localStorage.setItem(STORED, JSON.stringify(now));
  for (const listener of listeners) listener();
}

export function presets(): readonly Preset[] {
  return now;
}

export function usePresets(): readonly Preset[] {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, presets);
}

export function presetNamed(name: string | null): Preset | null {
  return now.find((preset) => preset.name === name) ?? null;
}

/** Keep a bench under a name; one of that name before it is replaced. */
export function keepPreset(preset: Preset): void {
  set([...now.filter(({ name }) => name !== preset.name), preset]);
}

export function forgetPreset(name: string): void {
  set(now.filter((preset) => preset.name !== name));
}

/** All presets as a file to take along. */
export function exported(): string {
  return JSON.stringify({ kind: KIND, presets: now }, null, 2);
}

/** Take the presets of such a file; how many. Throws SyntaxError where it is none. */
export function importPresets(text: string): number {
  const file = JSON.parse(text) as { kind?: unknown; presets?: unknown } | null;
  const came = file?.kind === KIND ? presetsOf(file.presets) : [];
  if (came.length === 0) throw new SyntaxError("no presets");
  const names = new Set(came.map(({ name }) => name));
  set([...now.filter(({ name }) => !names.has(name)), ...came]);
  return came.length;
}

/** What of a value is presets: a file may be anybody's. */
function presetsOf(value: unknown): Preset[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: { name?: unknown; bench?: unknown } | null) => {
    const bench = benchOf(one?.bench);
    return bench && typeof one?.name === "string" && one.name.trim() ? [{ name: one.name.slice(0, LONGEST_NAME), bench }] : [];
  });
}

/** A bench as it was kept; null where it is not one. */
export function benchOf(value: unknown): Bench | null {
  const { tab, input, lanes } = (value ?? {}) as Partial<Record<keyof Bench, unknown>>;
  const name = TABS.find((one) => one === tab);
  if (!name || !Array.isArray(lanes) || lanes.length < 1 || lanes.length > 2 || !lanes.every(isLane)) return null;
  return isLike(input, FRESH[name].input) && (name !== "chat" || turnsFit(input)) ? ({ tab: name, input, lanes } as Bench) : null;
}

function isLane(value: unknown): value is Lane {
  const { deployment, values } = (value ?? {}) as Partial<Lane>;
  if (typeof deployment !== "string" || typeof values !== "object" || values === null) return false;
  return Object.values(values).every((one) => typeof one === "string" || typeof one === "boolean");
}

/** Whether a value has all fields of `pattern`, each of its kind. */
function isLike(value: unknown, pattern: object): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(pattern).every(([field, like]) => {
    const own = (value as Record<string, unknown>)[field];
    if (Array.isArray(like)) return Array.isArray(own) && own.every((one) => typeof one === typeof like[0]);
    return typeof own === typeof like && own !== null;
  });
}

function turnsFit(input: unknown): boolean {
  const { turns } = input as { turns: { role?: unknown; content?: unknown; calls?: unknown }[] };
  return turns.every((turn) => turn !== null && ROLES.some((role) => role === turn.role) && typeof turn.content === "string" && (turn.calls === undefined || Array.isArray(turn.calls)));
}

// Another tab changed something.
addEventListener("storage", (event) => {
  if (event.key !== STORED) return;
  now = read();
  for (const listener of listeners) listener();
});

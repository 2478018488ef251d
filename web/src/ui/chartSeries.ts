export type Series = { name: string; values: readonly (number | null)[] };
export type Chosen = number | null;

/** Colours of series in their order, and what else tells them apart: the dashes of lines. */
const COLOURS = ["var(--series-1)", "var(--series-2)", "var(--series-3)", "var(--series-4)", "var(--series-5)", "var(--series-6)"];
const DASHES = [undefined, "5 3", "1.5 3", "9 3 2 3", "3 6", "12 4"];

export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "var(--quiet)";
}

export function dashesOf(index: number): string | undefined {
  return DASHES[index % DASHES.length];
}

/** What the bars of each place add up to. */
export function stackedSums(series: readonly Series[], count: number): number[] {
  return Array.from({ length: count }, (_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
}

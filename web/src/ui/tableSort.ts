/** By which column rows are in order, and which way. */
export type Sort = { column: string; descending: boolean };

/** What a column sorts by; null = not known, always last. */
export type SortValue = string | number | null;

/** Rows in the order of `value`. Equal ones stay as they were. */
export function sorted<Row>(rows: readonly Row[], value: (row: Row) => SortValue, descending: boolean, language: string): Row[] {
  const words = new Intl.Collator(language, { numeric: true });
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    const order = typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : words.compare(String(a.key), String(b.key));
    return descending ? -order : order;
  });
  return keyed.map(({ row }) => row);
}

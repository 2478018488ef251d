import { ArrowDown, ArrowUp } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type UIEvent, useMemo, useRef, useState } from "react";
import { useLanguage, useT } from "@/i18n";
import { useWide } from "@/shell/useWide";
import { cx } from "./classes";
import { useRowHeight } from "./DensitySwitch";
import { Skeleton, useSlow } from "./Skeleton";
import { type Sort, sorted, type SortValue } from "./tableSort";
import { useRowWindow } from "./tableWindow";

export type { Sort } from "./tableSort";

export type Column<Row> = {
  id: string;
  name: string;
  /** The first link or button of a row's cells is what the keyboard goes to. Cells hold one line. */
  cell: (row: Row) => ReactNode;
  /** What it sorts by. Without it the column cannot be sorted by (give none where the rows are only some of all). */
  value?: (row: Row) => SortValue;
  /** In rem; columns without one share what is left. */
  width?: number;
  /** Numbers stand at the end, below each other. */
  number?: boolean;
  /** Left out in windows too narrow for it. */
  wideOnly?: boolean;
  /** Below the last row: a sum. */
  foot?: ReactNode;
};

type TableProps<Row> = {
  /** What the table shows: read by screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  /** undefined: still loading. */
  rows: readonly Row[] | undefined;
  rowKey: (row: Row) => string;
  /** What stands there when there are no rows: an EmptyState. */
  empty: ReactNode;
  /** What stands there when they could not be loaded: a ConsoleError or ErrorState. Rows that are known stay. */
  error?: ReactNode;
  /** The order at first; later ones are the reader's, or the page's with `onSort` (for the address). */
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  /** The last rows come into sight: load more, if there are. */
  onEnd?: (() => void) | undefined;
};

const ROOM_WITHOUT_WIDTH = 9; // rem that a column without a width gets at least

/** Rows and columns: any number of rows, of which only those in sight are drawn. Arrow keys go from row to row. */
export function Table<Row>({ label, columns: all, rows, rowKey, empty, error, sort: first, onSort, onEnd }: TableProps<Row>) {
  const language = useLanguage();
  const wide = useWide("md");
  const height = useRowHeight();
  const scroller = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<Sort | undefined>(first);
  const sort = onSort ? first : chosen;
  const columns = useMemo(() => all.filter((column) => wide || !column.wideOnly), [all, wide]);
  const by = columns.find((column) => column.id === sort?.column)?.value;
  const ordered = useMemo(
    () => (rows && by && sort ? sorted(rows, by, sort.descending, language) : (rows ?? [])),
    [rows, by, sort, language],
  );
  const shown = useRowWindow(scroller, ordered.length, height);
  const feet = columns.some((column) => column.foot !== undefined) && ordered.length > 0;

  if (!rows?.length && error) return <div className={BARE}>{error}</div>;
  if (rows?.length === 0) return <div className={BARE}>{empty}</div>;
  const onScroll = (event: UIEvent<HTMLDivElement>) => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
    if (onEnd && scrollTop + clientHeight > scrollHeight - 10 * height) onEnd();
  };
  const least = columns.reduce((sum, column) => sum + (column.width ?? ROOM_WITHOUT_WIDTH), 0);
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {error}
      <div
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label={label}
        onScroll={onScroll}
        onKeyDown={(event) => moveByKeys(event, height)}
        className="max-h-[max(20rem,calc(100dvh-14rem))] overflow-auto rounded-md border border-line"
      >
        <table
          aria-label={label}
          aria-rowcount={ordered.length + 1}
          aria-busy={!rows}
          className="w-full table-fixed border-separate border-spacing-0 text-sm tabular-nums"
          style={{ minWidth: `${least}rem` }}
        >
          <colgroup>
            {columns.map((column) => (
              <col key={column.id} style={column.width ? { width: `${column.width}rem` } : undefined} />
            ))}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {columns.map((column) => (
                <Head key={column.id} column={column} sort={sort} onSort={onSort ?? setChosen} />
              ))}
            </tr>
          </thead>
          <tbody>
            {!rows && <Placeholders columns={columns.length} height={height} />}
            {shown.before > 0 && <Gap height={shown.before} />}
            {ordered.slice(shown.from, shown.to).map((row, index) => (
              <tr key={rowKey(row)} aria-rowindex={shown.from + index + 2} style={{ height }} className="group hover:bg-hover">
                {columns.map((column) => (
                  <td key={column.id} className={cx(CELL, column.number && "text-end")}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
            {shown.after > 0 && <Gap height={shown.after} />}
          </tbody>
          {feet && (
            <tfoot>
              <tr style={{ height }}>
                {columns.map((column) => (
                  <td key={column.id} className={cx("sticky bottom-0 truncate border-t border-line-strong bg-side px-3 font-medium", column.number && "text-end")}>
                    {column.foot}
                  </td>
                ))}
              </tr>
            </tfoot>
          )}
        </table>
      </div>
    </div>
  );
}

const BARE = "flex min-h-60 rounded-md border border-line";
const CELL = "truncate border-b border-line px-3 group-last:border-b-0";

type HeadProps<Row> = { column: Column<Row>; sort: Sort | undefined; onSort: (sort: Sort) => void };

function Head<Row>({ column: { id, name, value, number }, sort, onSort }: HeadProps<Row>) {
  const here = sort?.column === id;
  const next: Sort = { column: id, descending: here ? !sort.descending : (number ?? false) };
  const Arrow = here && sort.descending ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      aria-sort={here && value ? (sort.descending ? "descending" : "ascending") : undefined}
      className={cx("sticky top-0 z-10 h-9 border-b border-line bg-side px-3 font-medium text-quiet", number ? "text-end" : "text-start")}
    >
      {value ? (
        <button
          type="button"
          onClick={() => onSort(next)}
          className={cx("inline-flex h-9 max-w-full items-center gap-1 hover:text-ink", number && "flex-row-reverse", here && "text-ink")}
        >
          <span className="truncate">{name}</span>
          <Arrow aria-hidden className={cx("size-3.5 shrink-0", !here && "invisible")} />
        </button>
      ) : (
        <span className="block truncate">{name}</span>
      )}
    </th>
  );
}

function Gap({ height }: { height: number }) {
  return (
    <tr aria-hidden style={{ height }}>
      <td className="p-0" />
    </tr>
  );
}

function Placeholders({ columns, height }: { columns: number; height: number }) {
  const t = useT();
  const slow = useSlow();
  return Array.from({ length: 6 }, (_, row) => (
    <tr key={row} style={{ height }}>
      {Array.from({ length: columns }, (_, column) => (
        <td key={column} className={CELL}>
          {row + column === 0 && <span className="sr-only">{t("table.loading")}</span>}
          {slow && <Skeleton className="max-w-24" />}
        </td>
      ))}
    </tr>
  ));
}

/** From the link of one row to that of the next. Where none has the focus, the keys scroll, as everywhere. */
function moveByKeys(event: KeyboardEvent<HTMLElement>, height: number): void {
  const steps: Record<string, 1 | -1> = { ArrowDown: 1, ArrowUp: -1 };
  const step = steps[event.key];
  const row = event.target instanceof HTMLElement && event.target.closest("tbody tr");
  if (!step || !row || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const other = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  const target = other?.querySelector<HTMLElement>("a[href], button");
  event.preventDefault();
  if (!target) return;
  target.focus({ preventScroll: true });
  // Not below the head or the foot, which stay where they are.
  const scroller = event.currentTarget.getBoundingClientRect();
  const place = target.getBoundingClientRect();
  if (place.bottom > scroller.bottom - 2 * height) event.currentTarget.scrollTop += height;
  if (place.top < scroller.top + 2 * height) event.currentTarget.scrollTop -= height;
}

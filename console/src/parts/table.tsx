// SPDX-License-Identifier: Apache-2.0
//
// A table that renders only the rows in sight, so that a thousand cost no more than thirty.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface Column<Row> {
  name: string;
  number?: boolean;
  hint?: string;
  cell: (row: Row) => ComponentChildren;
  order?: (row: Row) => number | string; // makes the heading a button that sorts
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  toneOf?: (row: Row) => string;
  selected?: string;
  empty?: string;
}

export interface Sight {
  first: number;
  last: number;
}

const spare = 8; // rows beyond the sight, so that scrolling finds something

// Which of `count` rows of this height are in sight.
export function sightOf(top: number, height: number, row: number, count: number): Sight {
  const first = Math.max(0, Math.floor(top / row) - spare);
  return { first, last: Math.min(count, Math.ceil((top + height) / row) + spare) };
}

interface Order {
  column: number;
  down: boolean;
}

function sorted<Row>(rows: Row[], columns: Column<Row>[], order: Order | null): Row[] {
  const by = order && columns[order.column]?.order;
  if (!by) return rows;
  return rows
    .map((row) => ({ row, key: by(row) }))
    .sort((a, b) => {
      const less = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return order.down ? -less : less;
    })
    .map(({ row }) => row);
}

export function Table<Row>(props: Props<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const [order, setOrder] = useState<Order | null>(null);
  const [view, setView] = useState({ top: 0, height: 600, row: 36 });

  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => {
      const row = element.querySelector('tbody tr[data-row]')?.getBoundingClientRect().height;
      setView((before) => {
        const next = {
          top: element.scrollTop,
          height: element.clientHeight,
          row: row || before.row,
        };
        const same =
          next.top === before.top && next.height === before.height && next.row === before.row;
        return same ? before : next;
      });
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [props.rows.length > 0]);

  const rows = sorted(props.rows, props.columns, order);
  const { first, last } = sightOf(view.top, view.height, view.row, rows.length);
  const sortBy = (column: number) =>
    setOrder((before) =>
      before?.column === column
        ? before.down
          ? { column, down: false }
          : null
        : { column, down: true },
    );
  return (
    <div class="scroll rows" ref={box} tabIndex={0} role="region" aria-label={props.label}>
      <table aria-rowcount={rows.length + 1} aria-label={props.label}>
        <thead>
          <tr aria-rowindex={1}>
            {props.columns.map((column, index) => (
              <Heading
                key={column.name}
                column={column}
                order={order?.column === index ? order : null}
                onSort={() => sortBy(index)}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && (
            <tr aria-hidden="true" class="gap" style={{ height: `${first * view.row}px` }}>
              <td colSpan={props.columns.length} />
            </tr>
          )}
          {rows.slice(first, last).map((row, index) => {
            const key = props.keyOf(row);
            return (
              <tr
                key={key}
                data-row={key}
                aria-rowindex={first + index + 2}
                class={`${props.toneOf?.(row) ?? ''} ${props.selected === key ? 'selected' : ''}`}
              >
                {props.columns.map((column) => (
                  <td key={column.name} class={column.number ? 'number' : ''}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {last < rows.length && (
            <tr
              aria-hidden="true"
              class="gap"
              style={{ height: `${(rows.length - last) * view.row}px` }}
            >
              <td colSpan={props.columns.length} />
            </tr>
          )}
        </tbody>
      </table>
      {rows.length === 0 && <p class="muted empty">{props.empty ?? 'Nothing here.'}</p>}
    </div>
  );
}

function Heading<Row>({
  column,
  order,
  onSort,
}: {
  column: Column<Row>;
  order: Order | null;
  onSort: () => void;
}) {
  const sort = order ? (order.down ? 'descending' : 'ascending') : undefined;
  return (
    <th
      scope="col"
      class={column.number ? 'number' : ''}
      title={column.hint}
      {...(sort ? { 'aria-sort': sort } : {})}
    >
      {column.order ? (
        <button type="button" class="sort" onClick={onSort}>
          {column.name}
          <span aria-hidden="true">{order ? (order.down ? ' ▾' : ' ▴') : ''}</span>
        </button>
      ) : (
        column.name
      )}
    </th>
  );
}

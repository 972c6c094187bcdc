import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type ReactNode } from "react";
import { cx } from "@/components/basics";
import type { PlayerStore } from "@/components/player/playerStore";
import { usePlayer } from "@/components/player/Screen";

/** The row the playhead stands on: the last that began. -1 before the first. `times` are sorted. */
export function useCurrent(store: PlayerStore, start: number, times: readonly number[]): number {
  return usePlayer(store, (s) => {
    const at = start + s.at + 50;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  });
}

interface Props<T> {
  items: readonly T[];
  keyOf: (item: T, i: number) => string;
  /** Height of a row before it is measured, px. */
  estimate: number;
  /** The row of the playhead, -1 for none. It comes into view by itself, unless someone is reading elsewhere. */
  current: number;
  label: string;
  className?: string;
  rowClass?: (item: T) => string | false | undefined;
  head?: ReactNode;
  foot?: ReactNode;
  children: (item: T, i: number) => ReactNode;
}

/** A list of any length that follows the playhead; only the rows in view are in the page. */
export function FollowList<T>({ items, keyOf, estimate, current, label, className, rowClass, head, foot, children }: Props<T>) {
  const place = useRef<HTMLDivElement>(null);
  // The virtualizer's functions change with every scroll; nothing here is memoised on them.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => place.current,
    estimateSize: () => estimate,
    getItemKey: (i) => (items[i] === undefined ? i : keyOf(items[i], i)),
    overscan: 8,
    initialRect: { width: 480, height: 640 },
  });
  const follow = useRef(virtual.scrollToIndex);
  useEffect(() => {
    follow.current = virtual.scrollToIndex;
  });
  useEffect(() => {
    if (current >= 0 && place.current && !place.current.matches(":hover, :focus-within")) follow.current(current, { align: "center" });
  }, [current]);
  return (
    <div className="follow scroll-y" ref={place} role="group" aria-label={label}>
      {head}
      <ol className={className} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((row) => {
          const item = items[row.index];
          if (item === undefined) return null;
          const here = row.index === current;
          return (
            <li
              key={row.key}
              data-index={row.index}
              ref={virtual.measureElement}
              aria-setsize={items.length}
              aria-posinset={row.index + 1}
              aria-current={here || undefined}
              className={cx(rowClass?.(item), here && "cur")}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              {children(item, row.index)}
            </li>
          );
        })}
      </ol>
      {foot}
    </div>
  );
}

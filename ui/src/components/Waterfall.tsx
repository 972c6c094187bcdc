import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { duration } from "@/lib/format";
import { unfolded, type Span } from "@/lib/trace";
import { cx } from "./basics";
import { Icon } from "./Icon";
import "./waterfall.css";

const ROW = 28;

/** Spans as bars on one axis, depth first; only the rows in view are drawn. */
export function Waterfall({ spans, onPick, picked, tall }: { spans: Span[]; onPick?: (span: Span) => void; picked?: string; tall?: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState<Set<string>>(new Set());
  const rows = unfolded(spans, folded);
  // The virtualizer's functions change with every scroll; nothing here is memoised on them.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => place.current, estimateSize: () => ROW, overscan: 12, initialRect: { width: 400, height: 400 } });
  const from = spans.reduce((n, s) => Math.min(n, s.start), Infinity);
  const to = spans.reduce((n, s) => Math.max(n, s.end), 0);
  const span = Math.max(1, to - from);
  return (
    <div className={cx("wtf scroll-y", tall && "tall")} ref={place} style={tall ? undefined : { height: Math.min(rows.length * ROW, 420) }}>
      <ol style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          const { span: s, parent } = row;
          return (
            <li key={`${s.id}-${item.index}`} className={cx(s.errors.length > 0 && "bad", picked === s.id && "pick")} style={{ transform: `translateY(${item.start}px)` }}>
              <span className="w-n" style={{ paddingLeft: Math.min(s.depth, 12) * 14 }}>
                {parent ? (
                  <button
                    type="button"
                    className="w-f"
                    aria-label={`${folded.has(s.id) ? "Unfold" : "Fold"} ${s.name}`}
                    aria-expanded={!folded.has(s.id)}
                    onClick={() =>
                      setFolded((old) => {
                        const next = new Set(old);
                        if (!next.delete(s.id)) next.add(s.id);
                        return next;
                      })
                    }
                  >
                    <Icon name={folded.has(s.id) ? "right" : "down"} size="xs" />
                  </button>
                ) : (
                  <span className="w-f" />
                )}
                <span className={cx("side", s.side === "browser" ? "fe" : "be")}>
                  <span className="vh">{s.side === "browser" ? "Browser: " : "Server: "}</span>
                </span>
                <button type="button" className="w-b" onClick={() => onPick?.(s)} title={`${s.op} · ${s.name}`}>
                  <b>{s.project}</b>
                  <span className={cx("cut", s.kind === "db" && "code")}>{s.name}</span>
                </button>
              </span>
              <span className="bar">
                <i className={cx(s.side === "browser" && "fe", s.kind, s.failed && "x")} style={{ left: `${((s.start - from) / span) * 100}%`, width: `${((s.end - s.start) / span) * 100}%` }} />
              </span>
              <span className="w-d num">{duration(s.end - s.start)}</span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

import { duration } from "@/lib/format";
import type { Trace } from "@/lib/trace";
import { cx, SideMark } from "./basics";

/** A trace in a handful of lines: one bar per service, from its first span to its last. */
export function TraceBars({ trace }: { trace: Trace }) {
  const services = new Map<string, { side: "browser" | "server"; start: number; end: number; failed: boolean }>();
  for (const s of trace.spans) {
    const own = services.get(s.project);
    if (!own) services.set(s.project, { side: s.side, start: s.start, end: s.end, failed: s.errors.length > 0 });
    else {
      own.start = Math.min(own.start, s.start);
      own.end = Math.max(own.end, s.end);
      own.failed ||= s.errors.length > 0;
    }
  }
  const rows = [...services].sort((a, b) => a[1].start - b[1].start);
  const from = Math.min(...rows.map(([, r]) => r.start));
  const span = Math.max(1, Math.max(...rows.map(([, r]) => r.end)) - from);
  return (
    <div className="mini">
      {rows.map(([name, r]) => (
        <div className="mini-r" key={name}>
          <SideMark side={r.side}>
            <span className="cut">{name}</span>
          </SideMark>
          <span className="ln">
            <i className={cx(r.side === "browser" && "fe", r.failed && "x")} style={{ left: `${((r.start - from) / span) * 100}%`, width: `${((r.end - r.start) / span) * 100}%` }} />
          </span>
          <span className="r num">{duration(r.end - r.start)}</span>
        </div>
      ))}
    </div>
  );
}

import type { ReactNode } from "react";
import { count, initials } from "@/lib/format";
import { useCopy } from "@/lib/copy";
import type { Side } from "@/lib/trace";
import { Icon, type IconName } from "./Icon";

export const cx = (...names: (string | false | null | undefined)[]) => names.filter(Boolean).join(" ");

/** Circle = browser, square = server; the same everywhere. */
export function SideMark({ side, children, className }: { side: Side; children?: ReactNode; className?: string }) {
  return (
    <span className={cx("side", side === "browser" ? "fe" : "be", className)}>
      <span className="vh">{side === "browser" ? "Browser:" : "Server:"}</span>
      {children}
    </span>
  );
}

export const fromSide = (side: "backend" | "frontend" | null | undefined): Side => (side === "frontend" ? "browser" : "server");

export function Level({ level }: { level: string }) {
  const known = level === "fatal" ? "error" : level;
  return (
    <span className={cx("lv", known)}>
      <Icon name={known === "warning" ? "warn" : known === "error" ? "error" : "info"} size="s" />
      {level.charAt(0).toUpperCase() + level.slice(1)}
    </span>
  );
}

/** An HTTP status: always the number, the colour follows it. */
export function Status({ status }: { status: number | null }) {
  if (status === null || status === 0) return <span className="st s4">blocked</span>;
  return <span className={`st s${Math.floor(status / 100)}`}>{status}</span>;
}

/** How sure a link is: five rising steps. */
export function Tier({ tier }: { tier: number }) {
  return (
    <span className={`tier t${tier}`} aria-hidden="true">
      <i />
      <i />
      <i />
      <i />
      <i />
    </span>
  );
}

/** The play triangle: there is a replay. Grey with 0 when there is none. */
export function ReplayCount({ n }: { n: number }) {
  return <span className={cx("rp", n === 0 && "zero")}>{count(n)}</span>;
}

export function Avatar({ name, title, large }: { name: string | null; title?: string; large?: boolean }) {
  if (!name) return <span className="av none" title={title ?? "Nobody"} />;
  const hue = ["a", "b", "c"][[...name].reduce((n, c) => n + c.charCodeAt(0), 0) % 3];
  return (
    <span className={cx("av", hue, large && "large")} title={title ?? name} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

export function CopyButton({ text, label, children, className = "btn bare" }: { text: string; label: string; children?: ReactNode; className?: string }) {
  const { copied, copy } = useCopy();
  return (
    <button type="button" className={className} onClick={() => copy(text)} aria-label={children ? undefined : label} title={label}>
      <Icon name={copied ? "check" : "copy"} size="s" />
      {children ? <span>{copied ? "Copied" : children}</span> : null}
      <span className="vh" role="status">
        {copied ? "Copied" : ""}
      </span>
    </button>
  );
}

/** Code or data as it came, in a box that scrolls. */
export const Code = ({ children }: { children: string }) => (
  // A box that scrolls must be reachable by keyboard.
  // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
  <pre className="json" tabIndex={0}>
    {children}
  </pre>
);

/** A section: a heading and a hairline, never a box. */
export function Section({ id, title, sub, end, children }: { id: string; title: string; sub?: ReactNode; end?: ReactNode; children: ReactNode }) {
  return (
    <section className="sec" aria-labelledby={id}>
      <div className="sec-h">
        <h2 id={id}>{title}</h2>
        {sub ? <span className="sub">{sub}</span> : null}
        <span className="sp" />
        {end}
      </div>
      {children}
    </section>
  );
}

export function Segmented<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: { value: T; label: ReactNode; icon?: IconName }[]; onChange: (value: T) => void }) {
  return (
    <span className="seg" role="group" aria-label={label}>
      {options.map((o) => (
        <button key={o.value} type="button" aria-pressed={o.value === value} onClick={() => onChange(o.value)}>
          {o.icon ? <Icon name={o.icon} size="s" /> : null}
          {o.label}
        </button>
      ))}
    </span>
  );
}

/** Bars of a time series; the last one is now, a rise at the end is red. */
export function Sparkline({ points, width, height, label }: { points: [number, number][]; width: number; height: number; label?: string }) {
  if (points.length === 0) return null;
  const max = Math.max(1, ...points.map((p) => p[1]));
  const gap = 2;
  const bar = (width - gap * (points.length - 1)) / points.length;
  const total = points.reduce((n, p) => n + p[1], 0);
  const recent = points.slice(-2).reduce((n, p) => n + p[1], 0);
  const rising = total > 0 && recent / total >= 0.6;
  return (
    <svg className="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role={label ? "img" : undefined} aria-label={label} aria-hidden={label ? undefined : true}>
      {points.map(([at, n], i) => {
        const h = Math.max(1.5, (n / max) * height);
        const kind = rising && i >= points.length - 2 && n > 0 ? "hot" : i === points.length - 1 && n > 0 ? "now" : undefined;
        return <rect key={at} className={kind} x={i * (bar + gap)} y={height - h} width={bar} height={h} rx={1} />;
      })}
    </svg>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd>{children}</kbd>;
}

/** A link out of an event: shown as text, only to the web or a mail box, telling the other side nothing. */
export function OutLink({ href, children }: { href: string; children: ReactNode }) {
  if (!/^(https?:|mailto:)/i.test(href.trim())) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

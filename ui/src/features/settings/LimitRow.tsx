import { Icon } from "@/components/Icon";

/** What a limit lets through, whoever it is about. */
export type Limited = { limit: number; categories: string[]; windowSeconds: number };

export function NumberBox({ label, value, step, onChange }: { label: string; value: number; step?: string; onChange: (value: number) => void }) {
  return <input className="inp num-b" type="number" min={0} step={step} aria-label={label} title={label} value={value} onChange={(e) => onChange(Number(e.target.value))} />;
}

/** One limit, to be changed or removed. */
export function LimitRow<T extends Limited>({ limit, onChange }: { limit: T; onChange: (next: T | null) => void }) {
  return (
    <li className="limit">
      <NumberBox label="Items" value={limit.limit} onChange={(n) => onChange({ ...limit, limit: n })} />
      <input className="inp" aria-label="Categories" title="Categories, with commas; none means all" placeholder="all categories" value={limit.categories.join(", ")} onChange={(e) => onChange({ ...limit, categories: e.target.value.split(",").map((c) => c.trim()).filter(Boolean) })} />
      <span className="t3">in</span>
      <NumberBox label="Seconds" value={limit.windowSeconds} onChange={(windowSeconds) => onChange({ ...limit, windowSeconds })} />
      <span className="t3">seconds</span>
      <button type="button" className="pb" aria-label="Remove this limit" onClick={() => onChange(null)}>
        <Icon name="x" size="s" />
      </button>
    </li>
  );
}

/** The list with one entry changed, or without it. */
export function withLimit<T>(list: T[], at: number, next: T | null): T[] {
  return list.flatMap((old, i) => (i === at ? (next ? [next] : []) : [old]));
}

/** A name for a new limit's counter. */
export const newLimitId = () => `limit-${Date.now().toString(36)}`;

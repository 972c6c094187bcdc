import { useState } from "react";
import { Icon } from "@/components/Icon";
import { duration } from "@/lib/format";

/** What a limit lets through, whoever it is about. */
export type Limited = { limit: number; categories: string[]; windowSeconds: number; scope?: string };

const windows = [
  { seconds: 60, label: "a minute" },
  { seconds: 3600, label: "an hour" },
  { seconds: 86_400, label: "a day" },
  { seconds: 604_800, label: "a week" },
];

export function NumberBox({ label, value, step, onChange }: { label: string; value: number; step?: string; onChange: (value: number) => void }) {
  return <input className="inp num-b" type="number" min={0} step={step} aria-label={label} title={label} value={value} onChange={(e) => onChange(Number(e.target.value))} />;
}

/** One limit, to be changed or removed. A project's own may be for each of its keys. */
export function LimitRow<T extends Limited>({ limit, onChange }: { limit: T; onChange: (next: T | null) => void }) {
  const [categories, setCategories] = useState(limit.categories.join(", ")); // as typed: a comma is not the end
  const known = windows.some((w) => w.seconds === limit.windowSeconds);
  return (
    <li className="limit">
      <NumberBox label="Items" value={limit.limit} onChange={(n) => onChange({ ...limit, limit: n })} />
      <span className="t3">in</span>
      <select className="inp" aria-label="In which time" value={limit.windowSeconds} onChange={(e) => onChange({ ...limit, windowSeconds: Number(e.target.value) })}>
        {windows.map((w) => (
          <option key={w.seconds} value={w.seconds}>
            {w.label}
          </option>
        ))}
        {known ? null : <option value={limit.windowSeconds}>{duration(limit.windowSeconds * 1000)}</option>}
      </select>
      {limit.scope === undefined ? null : (
        <select className="inp" aria-label="Counted for" value={limit.scope} onChange={(e) => onChange({ ...limit, scope: e.target.value })}>
          <option value="project">per project</option>
          <option value="key">per key</option>
        </select>
      )}
      <span className="t3">of</span>
      <input
        className="inp grow"
        aria-label="Categories"
        title="Categories, with commas; none means all"
        placeholder="all categories"
        spellCheck={false}
        value={categories}
        onChange={(e) => {
          setCategories(e.target.value);
          onChange({ ...limit, categories: e.target.value.split(",").map((c) => c.trim()).filter(Boolean) });
        }}
      />
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

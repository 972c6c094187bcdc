import { useQuery } from "@tanstack/react-query";
import type { Filters } from "@/api/gen";
import { getStatsOptions } from "@/api/gen/@tanstack/react-query.gen";
import { Section } from "@/components/basics";
import { count } from "@/lib/format";
import { droppedBy, listed, oldBrowsers, onOff, withBrowser } from "./filters";
import { Lines, Switch } from "./RuleInputs";

/** What a project does not want, and how much of it each filter dropped in the last week. */
export function FilterRules({ path, filters, onChange }: { path: { org: string; project: string }; filters: Filters; onChange: (filters: Filters) => void }) {
  const stats = useQuery(
    getStatsOptions({ path: { org: path.org }, query: { project: [path.project], groupBy: ["reason", "category"], field: ["sum(quantity)"], outcome: ["filtered"], statsPeriod: "7d", interval: "1d" } }),
  );
  const dropped = stats.data ? droppedBy(stats.data.groups) : undefined;
  const told = (reason: string) => (dropped ? <Dropped n={dropped.get(reason) ?? 0} /> : null);
  const old = filters.legacyBrowsers.length > 0;
  return (
    <Section id="filters" title="Inbound filters" sub="dropped before anything is stored, and counted; the numbers are of the last 7 days">
      <ul className="rules">
        {onOff.map((f) => (
          <Switch key={f.key} label={f.label} why={f.why} on={filters[f.key]} end={told(f.reason)} onChange={(on) => onChange({ ...filters, [f.key]: on })} />
        ))}
        <Switch
          label="Old browsers"
          why="errors that nobody will mend any more"
          on={old}
          end={told("legacy-browsers")}
          onChange={(on) => onChange({ ...filters, legacyBrowsers: on ? oldBrowsers.map((b) => b.name) : [] })}
        />
        {old ? (
          <li className="picks" role="group" aria-label="Which old browsers">
            {oldBrowsers.map((b) => (
              <label key={b.name}>
                <input type="checkbox" className="chk" checked={filters.legacyBrowsers.includes(b.name)} onChange={(e) => onChange(withBrowser(filters, b.name, e.target.checked))} />
                {b.label}
              </label>
            ))}
          </li>
        ) : null}
      </ul>
      <div className="pairs-2">
        {listed.map((f) => (
          <Lines
            key={f.key}
            label={
              <span className="lbl-end">
                {f.label}
                {told(f.reason)}
              </span>
            }
            value={filters[f.key]}
            placeholder={f.placeholder}
            onChange={(list) => onChange({ ...filters, [f.key]: list })}
          />
        ))}
      </div>
    </Section>
  );
}

function Dropped({ n }: { n: number }) {
  return <span className={n > 0 ? "dropped t2" : "dropped t3"}>{n > 0 ? `${count(n)} dropped` : "none"}</span>;
}

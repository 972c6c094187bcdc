// What the address of every screen keeps: environment and time range.

export interface Scope {
  environment?: string;
  statsPeriod?: string;
}

export const ranges: { value: string; label: string }[] = [
  { value: "1h", label: "Last hour" },
  { value: "24h", label: "Last 24 hours" },
  { value: "7d", label: "Last 7 days" },
  { value: "14d", label: "Last 14 days" },
  { value: "30d", label: "Last 30 days" },
  { value: "90d", label: "Last 90 days" },
];

export const defaultRange = "14d";

const text = (v: unknown) => (typeof v === "string" && v !== "" ? v : typeof v === "number" ? String(v) : undefined);

export function readScope(search: Record<string, unknown>): Scope {
  const statsPeriod = text(search.statsPeriod);
  return {
    environment: text(search.environment),
    statsPeriod: statsPeriod && /^\d+[smhdw]$/.test(statsPeriod) ? statsPeriod : undefined,
  };
}

export const readText = text;

/** The scope as the API's parameters. */
export function scopeQuery(scope: Scope): { environment?: string[]; statsPeriod: string } {
  return { statsPeriod: scope.statsPeriod ?? defaultRange, ...(scope.environment ? { environment: [scope.environment] } : {}) };
}

export const rangeLabel = (value: string | undefined) => ranges.find((r) => r.value === (value ?? defaultRange))?.label ?? `Last ${value}`;

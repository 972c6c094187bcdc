/** What was pasted, if it is an id of anything: 32 hex (with or without dashes), 16 hex, SHOP-1F, or an address or DSN with one of them in it. */
export function readPasted(text: string): { id: string | null } {
  const t = text.trim();
  const dsn = /^https?:\/\/([0-9a-f]{32})(:[0-9a-f]*)?@/i.exec(t);
  if (dsn?.[1]) return { id: dsn[1].toLowerCase() };
  const url = /^https?:\/\//i.test(t) ? t.replace(/^https?:\/\/[^/]*/i, "") : t;
  const uuid = /(?:^|[^0-9a-f])([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-f])/i.exec(url);
  if (uuid?.[1]) return { id: uuid[1].replaceAll("-", "").toLowerCase() };
  const hex = /(?:^|[^0-9a-z])([0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-z])/i.exec(url);
  if (hex?.[1]) return { id: hex[1].toLowerCase() };
  if (url !== t) return { id: /\/issues\/([^/?#]+)/.exec(url)?.[1] ?? null };
  return { id: /^[A-Z0-9][A-Z0-9_-]*-[0-9A-Z]{1,8}$/.test(t) ? t : null };
}

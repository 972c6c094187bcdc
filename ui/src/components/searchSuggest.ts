// The pure half of the search bar: its words, and what is offered for the one being typed.

export interface Suggestion {
  /** What stands in the box instead of the word. */
  insert: string;
  what: string;
}

/** Splits a query at the spaces outside quotes, parentheses and brackets. */
export function tokens(query: string): string[] {
  const out: string[] = [];
  let word = "";
  let quoted = false;
  let depth = 0;
  for (let i = 0; i < query.length; i++) {
    const c = query.charAt(i);
    if (c === "\\" && i + 1 < query.length) {
      word += c + query.charAt(++i);
      continue;
    }
    if (c === '"') quoted = !quoted;
    else if (!quoted && (c === "(" || c === "[")) depth++;
    else if (!quoted && (c === ")" || c === "]")) depth = Math.max(0, depth - 1);
    if (/\s/.test(c) && !quoted && depth === 0) {
      if (word) out.push(word);
      word = "";
    } else word += c;
  }
  return word.trim() ? [...out, word.trim()] : out;
}

const isOperator = (token: string | undefined) => token === "OR" || token === "AND";

/** The tokens without one of them, nor an operator that has nothing left to join. */
export function withoutToken(all: string[], at: number): string[] {
  const left = all.filter((_, i) => i !== at);
  return left.filter((t, i) => !isOperator(t) || (i > 0 && i < left.length - 1 && !isOperator(left[i - 1])));
}

/** The word at the end of a text: from its last space or opening parenthesis outside quotes. */
export function lastWord(text: string): string {
  let from = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "\\") i++;
    else if (c === '"') quoted = !quoted;
    else if (!quoted && (/\s/.test(c) || (c === "(" && i === from))) from = i + 1;
  }
  return text.slice(from);
}

export interface Field {
  key: string;
  /** All before the operator, with ! and the colon. */
  prefix: string;
  /** >, <=, … or nothing. */
  op: string;
  value: string;
}

/** The field whose value is being typed; null while no field is. */
export function fieldOf(word: string): Field | null {
  const m = /^(!?)([\w.-]+(?:\[[^\]]*\])?):((?:>=|<=|!=|>|<|=)?)(.*)$/s.exec(word);
  if (!m || !m[2]) return null;
  return { key: m[2], prefix: `${m[1]}${m[2]}:`, op: m[3] ?? "", value: (m[4] ?? "").replace(/^"/, "") };
}

/** A value as the language wants it: in quotes when it has spaces or signs of the language. */
export function quoteValue(v: string): string {
  if (v !== "" && !/[\s"()[\],*\\]|^[<>=!]/.test(v)) return v;
  return `"${v.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("*", "\\*")}"`;
}

/** The text with its last word replaced. */
export const takeWord = (text: string, insert: string): string => text.slice(0, text.length - lastWord(text).length) + insert;

/** A token that is whole: what ends in a colon or an operator still waits for its value. */
export const isWhole = (insert: string): boolean => !/:(?:>=|<=|>|<)?$/.test(insert);

/** The fields of a list that fit a word, those that begin with it first. */
export function fieldsLike(fields: Suggestion[], word: string, most = 12): Suggestion[] {
  const bang = word.startsWith("!") ? "!" : "";
  const w = word.slice(bang.length).toLowerCase();
  const rank = (f: Suggestion) => (f.insert.toLowerCase().startsWith(w) ? 0 : f.insert.toLowerCase().includes(w) ? 1 : f.what.toLowerCase().includes(w) ? 2 : 3);
  return fields
    .map((f) => ({ f, r: rank(f) }))
    .filter((x) => x.r < 3)
    .sort((a, b) => a.r - b.r)
    .slice(0, most)
    .map(({ f }) => ({ ...f, insert: bang + f.insert }));
}

/** The values known beforehand that go on from what is typed. */
export function valuesLike(values: Suggestion[], field: Field, most = 12): Suggestion[] {
  const typed = (field.op + field.value).toLowerCase();
  return values
    .filter((v) => v.insert.toLowerCase() !== typed && (v.insert.toLowerCase().startsWith(typed) || (typed !== "" && v.what.toLowerCase().includes(typed))))
    .slice(0, most)
    .map((v) => ({ ...v, insert: field.prefix + v.insert }));
}

// Holds the server's links against the truth.
import { controls } from './matrix.mjs';

/** Tiers 1 to 4 are links; tier 5 is only shown as possible. */
const counted = (l) => l.tier >= 1 && l.tier <= 4;

/**
 * @param {{step: string, at: number, unsent?: boolean}} error what the backend says it reported; unsent: its sampler
 *   dropped it, so no server ever heard of it
 * @param {{setup: string, seen: Set<string>}} visit with the replay ids the page itself saw
 * @param {Map<string, {from: number, to: number}>} recordings that were delivered
 * @param {object[]} links what the server answers for the error
 * @returns outcome: correct | wrong | missed | unrecorded | unsent, whether a recording existed at that moment, and what a
 *   server that reads only the dynamic sampling context would have linked
 */
export function judge(error, visit, recordings, links) {
  const own = [...visit.seen].filter((id) => recordings.has(id));
  const running = own.some((id) => recordings.get(id).from <= error.at && error.at <= recordings.get(id).to);
  const made = links.filter(counted);
  const right = made.filter((l) => own.includes(l.replayId));
  // A link to an id that the visit's own page had, but that was never delivered, is no wrong link: it plays nothing.
  const wrong = made.filter((l) => !visit.seen.has(l.replayId));
  const primary = made.find((l) => l.primary);
  const bad = wrong.length > 0 || (right.length > 0 && !own.includes(primary?.replayId));
  const best = right.toSorted((a, b) => a.tier - b.tier)[0];
  return {
    outcome: bad ? 'wrong' : error.unsent ? 'unsent' : own.length === 0 ? 'unrecorded' : right.length > 0 ? 'correct' : 'missed',
    running,
    goal: running && !error.unsent && !controls.has(visit.setup),
    tier: best?.tier,
    signals: best?.signals ?? [],
    possible: links.some((l) => l.tier === 5),
    dscOnly: right.some((l) => l.signals.includes('dsc')),
  };
}

const percent = (n, of) => (of === 0 ? '–' : `${((100 * n) / of).toFixed(1)} %`);
const count = (rows, outcome) => rows.filter((r) => r.outcome === outcome).length;

function groups(rows, key) {
  const out = new Map();
  for (const r of rows) out.set(key(r), [...(out.get(key(r)) ?? []), r]);
  return out;
}

function table(head, body) {
  const widths = head.map((h, i) => Math.max(h.length, ...body.map((r) => String(r[i]).length)));
  const line = (cells) => `| ${cells.map((c, i) => String(c).padEnd(widths[i])).join(' | ')} |`;
  return [line(head), `|${widths.map((w) => '-'.repeat(w + 2)).join('|')}|`, ...body.map(line)].join('\n');
}

/** How errors were linked: "t1 dsc+baggage ×6, t3 trace_bridge ×2". */
function ways(rows) {
  const by = groups(rows.filter((r) => r.tier), (r) => `t${r.tier} ${r.signals.join('+')}`);
  return [...by].sort((a, b) => b[1].length - a[1].length).map(([way, rs]) => `${way} ×${rs.length}`).join(', ') || '–';
}

const columns = ['errors', 'correct', 'WRONG', 'missed', 'no recording', 'never sent', 'dsc only'];
const cells = (rows) => [rows.length, count(rows, 'correct'), count(rows, 'wrong'), count(rows, 'missed'), count(rows, 'unrecorded'), count(rows, 'unsent'), rows.filter((r) => r.dscOnly).length];

/** The report: markdown tables and the numbers the goals are about. */
export function report(rows) {
  const clicks = rows.filter((r) => r.step !== 'page');
  const pages = rows.filter((r) => r.step === 'page');
  const wanted = rows.filter((r) => r.goal);
  const numbers = {
    recorded: wanted.length,
    correct: count(wanted, 'correct'),
    dscOnly: wanted.filter((r) => r.dscOnly).length,
    wrong: count(rows, 'wrong'),
    pages: pages.length,
    pagesCorrect: count(pages, 'correct'),
  };
  const bySetup = [...groups(clicks, (r) => `${r.setup}\n${r.backend}`)].sort().map(([k, rs]) => [...k.split('\n'), ...cells(rs), ways(rs)]);
  const byRender = [...groups(pages, (r) => r.backend)].sort().map(([k, rs]) => [k, ...cells(rs), ways(rs)]);
  const bySDK = [...groups(clicks, (r) => `${r.setup}\n${r.sdk}`)].sort().map(([k, rs]) => [...k.split('\n'), ...cells(rs), ways(rs)]);
  const text = [
    'Errors in requests of the page, by set-up and backend:\n',
    table(['set-up', 'backend', ...columns, 'linked by'], bySetup),
    '\nThe same, by set-up and browser SDK:\n',
    table(['set-up', 'browser SDK', ...columns, 'linked by'], bySDK),
    ...(byRender.length ? ['\nErrors while the server rendered the page (the recording begins with that navigation):\n', table(['backend', ...columns, 'linked by'], byRender)] : []),
    '',
    `Errors during which a recording existed, and that were sent: ${numbers.recorded}`,
    `  linked correctly:             ${numbers.correct} = ${percent(numbers.correct, numbers.recorded)} (goal: at least 95 %)`,
    `  by a server that reads only the DSC: ${numbers.dscOnly} = ${percent(numbers.dscOnly, numbers.recorded)}`,
    `Errors of page renders linked to the recording of that page: ${numbers.pagesCorrect} of ${numbers.pages}`,
    `Wrong links, anywhere: ${numbers.wrong} (goal: 0)`,
  ].join('\n');
  const reached = numbers.wrong === 0 && numbers.recorded > 0 && numbers.correct >= 0.95 * numbers.recorded;
  return { text, numbers, reached };
}

import { Link } from "@tanstack/react-router";
import type { Replay, ReplayLink } from "@/api/gen";
import { whoOf } from "@/components/who";
import { ago, clock, count } from "@/lib/format";
import { useNow } from "@/lib/now";
import { CLIP_MS } from "./ReplayClip";

/** Other sessions in which the same thing happened: who, how long ago, how long. */
export function OtherReplays({ org, replays, links, total, issue }: { org: string; replays: Replay[]; links: ReplayLink[]; total: number; issue: string }) {
  const now = useNow();
  if (replays.length === 0) return null;
  return (
    <section aria-labelledby="others">
      <div className="sec-h others-h">
        <h3 id="others">Other replays of this issue</h3>
        <span className="sp" />
        <Link className="acc small" to="/organizations/$org/issues/$issue/" params={{ org, issue }} search={{ tab: "replays" }}>
          All {count(total)}
        </Link>
      </div>
      <ul className="others">
        {replays.slice(0, 4).map((r) => {
          const link = links.find((l) => l.replayId === r.id);
          const t = link?.offsetMs != null ? Math.max(0, Math.floor((link.offsetMs - CLIP_MS) / 1000)) : undefined;
          return (
            <li key={r.id}>
              <Link to="/organizations/$org/replays/$replay/" params={{ org, replay: r.id }} search={t === undefined ? {} : { t }}>
                <span className="rp" aria-hidden="true" />
                <span className="t1 cut">{whoOf(r)}</span>
                <span className="t3 cut">{[r.browser.name, r.os.name].filter(Boolean).join(" · ")}</span>
                <span className="sp" />
                <span className="t3 num">{r.started_at ? ago(r.started_at, now) : ""}</span>
                <span className="code">{clock(r.duration * 1000)}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

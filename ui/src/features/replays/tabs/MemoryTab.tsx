import type { PlayerStore } from "@/components/player/playerStore";
import { usePlayer } from "@/components/player/Screen";
import { bytes, clock, duration } from "@/lib/format";
import type { Frame } from "@/lib/recording/frames";
import type { TabProps } from "./props";

const WIDTH = 440;

export function MemoryTab({ session, store, start, short }: TabProps) {
  const points = session.frames.filter((f) => f.kind === "memory");
  const vitals = session.frames.filter((f) => f.kind === "vital");
  return (
    <div className="mem">
      <h2>JS heap</h2>
      {points.length > 1 ? <Heap points={points} store={store} start={start} span={Math.max(1, session.end - start)} /> : <p className="small t3">Only Chromium reports its heap, once per flush.</p>}
      <h2>Web vitals</h2>
      {vitals.length > 0 ? (
        <dl className="kv">
          {vitals.map((v, i) => (
            <div className="kv-r" key={i}>
              <dt>
                {v.title.replaceAll("-", " ")}{" "}
                <button type="button" className="t4 num seek" onClick={() => store.seek(v.at - start)} title="Go to this moment">
                  {clock(v.at - start, short)}
                </button>
              </dt>
              <dd>
                <span className="num">{v.title === "cumulative-layout-shift" ? (v.value ?? 0).toFixed(3) : duration(v.value ?? 0)}</span> {v.rating ? <span className={v.rating === "good" ? "green" : v.rating === "poor" ? "red" : "amber"}>{v.rating}</span> : null}
              </dd>
            </div>
          ))}
        </dl>
      ) : (
        <p className="small t3">None was reported.</p>
      )}
    </div>
  );
}

function Heap({ points, store, start, span }: { points: Frame[]; store: PlayerStore; start: number; span: number }) {
  const values = points.map((p) => p.value ?? 0);
  const max = values.reduce((a, b) => Math.max(a, b), 1);
  const min = values.reduce((a, b) => Math.min(a, b), max);
  const xy = points.map((p) => `${(((p.at - start) / span) * WIDTH).toFixed(1)},${(96 - ((p.value ?? 0) / max) * 88).toFixed(1)}`);
  return (
    <>
      <svg viewBox={`0 0 ${WIDTH} 100`} className="heap" role="img" aria-label={`Used heap between ${bytes(min)} and ${bytes(max)}`}>
        <polyline points={xy.join(" ")} />
        <HeapHead store={store} span={span} />
      </svg>
      <p className="micro t3 num">up to {bytes(max)}</p>
    </>
  );
}

function HeapHead({ store, span }: { store: PlayerStore; span: number }) {
  const at = usePlayer(store, (s) => Math.round((s.at / span) * WIDTH));
  return <line x1={at} x2={at} y1="0" y2="100" />;
}

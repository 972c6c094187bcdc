import { cx } from "@/components/basics";
import { Icon } from "@/components/Icon";
import type { PlayerStore } from "@/components/player/playerStore";
import { speeds, usePlayer } from "@/components/player/Screen";
import { clock } from "@/lib/format";
import { setPreference } from "@/lib/preferences";

interface Props {
  store: PlayerStore;
  length: number;
  hasErrors: boolean;
  onChapter: (by: 1 | -1) => void;
  onError: (by: 1 | -1) => void;
  onFull: () => void;
}

export function Controls({ store, length, hasErrors, onChapter, onError, onFull }: Props) {
  const playing = usePlayer(store, (s) => s.playing);
  const skipping = usePlayer(store, (s) => s.skipping);
  const waiting = usePlayer(store, (s) => s.waiting);
  const stopped = usePlayer(store, (s) => s.stopped);
  const second = usePlayer(store, (s) => Math.floor(s.at / 1000));
  return (
    <div className="ctl">
      <button type="button" className="pb" aria-label="Back 5 seconds (←)" title="Back 5 seconds" onClick={() => store.seek(store.state.at - 5000)}>
        <Icon name="back5" />
      </button>
      <button type="button" className="pb go" aria-label={playing ? "Pause (space)" : "Play (space)"} disabled={stopped} onClick={store.toggle}>
        <Icon name={playing ? "pause" : "play"} size="s" />
      </button>
      <span className="clock">
        <b>{clock(second * 1000)}</b> / {clock(length)}
      </span>
      <span className="small t3 hide-s" role="status">
        {waiting ? "loading the rest" : skipping ? "skipping idle time" : ""}
      </span>
      <span className="sp" />
      <Step name="Chapter" keys={["{", "}"]} onStep={onChapter} />
      {hasErrors ? <Step name="Error" keys={["p", "n"]} onStep={onError} /> : null}
      <span className="sp" />
      <Speed store={store} />
      <SkipIdle store={store} />
      <button type="button" className="pb hide-s" aria-label="Stop drawing" title="Stop drawing: when a recorded page is too much for this browser" disabled={stopped} onClick={store.stop}>
        <Icon name="x" size="s" />
      </button>
      <button type="button" className="pb" aria-label="Full screen (f)" title="Full screen" onClick={onFull}>
        <Icon name="full" />
      </button>
    </div>
  );
}

function Step({ name, keys, onStep }: { name: string; keys: [string, string]; onStep: (by: 1 | -1) => void }) {
  return (
    <span className="step">
      <button type="button" className="pb" aria-label={`Previous ${name.toLowerCase()} (${keys[0]})`} onClick={() => onStep(-1)}>
        <Icon name="prev" size="s" />
      </button>
      <span className="hide-s">{name}</span>
      <button type="button" className="pb" aria-label={`Next ${name.toLowerCase()} (${keys[1]})`} onClick={() => onStep(1)}>
        <Icon name="next" size="s" />
      </button>
    </span>
  );
}

export function setSpeed(store: PlayerStore, speed: number) {
  store.setSpeed(speed);
  setPreference("speed", speed);
}

function Speed({ store }: { store: PlayerStore }) {
  const speed = usePlayer(store, (s) => s.speed);
  return (
    <span className="seg speeds hide-s" role="group" aria-label="Speed">
      {speeds.map((s) => (
        <button key={s} type="button" aria-pressed={s === speed} onClick={() => setSpeed(store, s)}>
          {s}×
        </button>
      ))}
    </span>
  );
}

function SkipIdle({ store }: { store: PlayerStore }) {
  const on = usePlayer(store, (s) => s.skipIdle);
  return (
    <button
      type="button"
      className={cx("btn bare", on && "on")}
      aria-pressed={on}
      aria-label="Skip idle time"
      onClick={() => {
        store.setSkipIdle(!on);
        setPreference("skipIdle", !on);
      }}
    >
      <Icon name="skip" size="s" />
      <span className="hide-s">Skip idle</span>
    </button>
  );
}

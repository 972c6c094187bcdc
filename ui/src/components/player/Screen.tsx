import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { Icon } from "@/components/Icon";
import { getPreference } from "@/lib/preferences";
import { PlayerStore, type PlayerState } from "./playerStore";

const replayOrigin = () => document.querySelector<HTMLMetaElement>("meta[name=hindsight-replay-origin]")?.content || window.location.origin;

export function usePlayerStore(): PlayerStore {
  const [store] = useState(() => new PlayerStore(replayOrigin(), { speed: getPreference("speed"), skipIdle: getPreference("skipIdle") }));
  return store;
}

/** A part of the player's state; the component is drawn again only when that part changes. */
export function usePlayer<T>(store: PlayerStore, select: (s: PlayerState) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.state));
}

/** The screen itself: an iframe of the player's page, as wide as its place and as high as the recorded window asks. */
export function Screen({ store, children, fill, label }: { store: PlayerStore; children?: ReactNode; fill?: boolean; label: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const width = usePlayer(store, (s) => s.width);
  const height = usePlayer(store, (s) => s.height);
  const failed = usePlayer(store, (s) => s.failed);
  useEffect(() => {
    if (frame.current) return store.attach(frame.current);
  }, [store]);
  const ratio = width > 0 && height > 0 ? width / height : 16 / 10;
  return (
    <div className="screen" style={fill ? undefined : { aspectRatio: String(Math.min(2.2, Math.max(0.9, ratio))) }}>
      <iframe ref={frame} className="player-frame" title={label} src={`${replayOrigin()}/player.html`} sandbox="allow-scripts allow-same-origin" tabIndex={-1} />
      {failed ? (
        <div className="screen-over">
          <Icon name="error" />
          <p>{failed}</p>
        </div>
      ) : null}
      {children}
    </div>
  );
}

export const speeds = [0.5, 1, 2, 4, 8];

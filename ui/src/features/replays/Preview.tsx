import { useEffect, useRef } from "react";
import { Screen, usePlayerStore } from "@/components/player/Screen";
import type { Recording } from "@/lib/recording/read";

const PAUSE_MS = 120; // the pointer rests so long before a picture is drawn
/** Above this many events, or so large a page, a second player costs more than its picture is worth: both draw on one thread. */
const MAX_EVENTS = 15_000;
const MAX_PAGE = 1_500_000; // characters

/** Whether moments of a recording can be drawn while the pointer passes over them. */
export const canPreview = (dom: Recording["dom"], heaviest: number): boolean => dom.length > 1 && dom.length <= MAX_EVENTS && heaviest <= MAX_PAGE;

/** The page at a moment, small: a second player that only ever stands still. */
export function Preview({ dom, at }: { dom: Recording["dom"]; at: number }) {
  const store = usePlayerStore();
  const loaded = useRef<Recording["dom"] | null>(null);
  useEffect(() => {
    const timer = window.setTimeout(() => {
      if (loaded.current === dom) return store.seek(at);
      loaded.current = dom;
      store.load(dom, { at, play: false });
    }, PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [store, dom, at]);
  return (
    <span className="peek-s" aria-hidden="true">
      <Screen store={store} label="The page at this moment" />
    </span>
  );
}

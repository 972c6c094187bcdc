import { useEffect, type RefObject } from "react";
import type { Recording } from "@/lib/recording/read";
import type { PlayerStore } from "./playerStore";
import type { useRecording } from "./useRecording";

/** Adds to a loaded head what follows it and what was before, once each, as it comes. `appendedRef` counts the parts that follow it already. */
export function useFollow(store: PlayerStore, head: Recording | null, recording: Pick<ReturnType<typeof useRecording>, "after" | "before" | "followed">, appendedRef: RefObject<number>) {
  const { after, before, followed } = recording;
  useEffect(() => {
    if (!head) return;
    for (const part of after.slice(appendedRef.current)) store.append(part.dom, !followed);
    appendedRef.current = after.length;
  }, [store, head, after, followed, appendedRef]);
  useEffect(() => {
    if (head && before) store.prepend(before.dom);
  }, [store, head, before]);
}

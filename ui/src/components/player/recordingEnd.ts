import type { Recording } from "@/lib/recording/read";

/**
 * When a recording ends, ms since the epoch: at its last event once all of it is there; until then, what is `told` of it,
 * which may be stretched by a frame with an impossible time.
 */
export function recordingEnd(recording: { rest: Recording | null; complete: boolean }, shown: Recording | null, told: number): number {
  const last = Math.max(recording.rest?.end ?? 0, shown?.end ?? 0);
  return recording.complete && last > 0 ? last : Math.max(told, last);
}

import type { Recording } from "@/lib/recording/read";

/**
 * When a recording ends, ms since the epoch: at its last event once all of it is there; until then, what is `told` of it,
 * which may be stretched by a frame with an impossible time.
 */
export function recordingEnd(recording: { after: readonly Recording[]; followed: boolean }, shown: Recording | null, told: number): number {
  const last = Math.max(shown?.end ?? 0, ...recording.after.map((r) => r.end));
  return recording.followed && last > 0 ? last : Math.max(told, last);
}

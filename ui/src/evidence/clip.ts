import { readRecording, type DomEvent } from "@/lib/recording/read";

/** A piece of a recording as api/evidence cuts it. Times are Unix ms. */
export interface Clip {
  events: DomEvent[];
  firstMs: number;
  fromMs: number;
  errorMs: number;
  toMs: number;
}

/** Reads the clip of the file as the app reads a recording; null when there is nothing to play. */
export function readClip(text: string): Clip | null {
  const clip = JSON.parse(text) as Clip;
  const { dom } = readRecording([clip.events]);
  const first = dom[0];
  return first && dom.length > 1 ? { ...clip, events: dom, firstMs: first.timestamp } : null;
}

/** How long the clip is, ms. */
export const span = (clip: Clip) => Math.max(clip.toMs - clip.fromMs, 0);

/** 00:07 */
export function clock(ms: number) {
  const s = Math.floor(ms / 1000);
  return `${String(Math.floor(s / 60)).padStart(2, "0")}:${String(s % 60).padStart(2, "0")}`;
}

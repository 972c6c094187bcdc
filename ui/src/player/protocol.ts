import type { DomEvent } from "@/lib/recording/read";

// What the app and the page recordings play in say to each other, by postMessage. Both
// sides check where a message comes from: the player may stand on another origin.

export type ToPlayer =
  | { to: "player"; type: "load"; events: DomEvent[]; speed: number; skipIdle: boolean; at: number; play: boolean }
  | { to: "player"; type: "play"; at?: number }
  | { to: "player"; type: "pause"; at?: number }
  | { to: "player"; type: "speed"; speed: number }
  | { to: "player"; type: "skipIdle"; on: boolean };

export type FromPlayer =
  | { from: "player"; type: "ready" }
  | { from: "player"; type: "loaded" }
  | { from: "player"; type: "size"; width: number; height: number }
  /** Time since the recording's start, ms. `skipping` while idle time runs fast. */
  | { from: "player"; type: "time"; at: number; playing: boolean; skipping: boolean }
  | { from: "player"; type: "ended" }
  | { from: "player"; type: "failed"; message: string };

const isMessage = (v: unknown, key: string) => typeof v === "object" && v !== null && (v as Record<string, unknown>)[key] === "player";
export const isToPlayer = (v: unknown): v is ToPlayer => isMessage(v, "to");
export const isFromPlayer = (v: unknown): v is FromPlayer => isMessage(v, "from");

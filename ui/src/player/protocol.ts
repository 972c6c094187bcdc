import type { DomEvent } from "@/lib/recording/read";

// What the app and the page recordings play in say to each other, by postMessage. Both
// sides check where a message comes from: the player may stand on another origin.

export type ToPlayer =
  | { to: "player"; type: "load"; events: DomEvent[]; speed: number; skipIdle: boolean; at: number; play: boolean }
  /** More of the same recording, later than what is loaded. */
  | { to: "player"; type: "append"; events: DomEvent[] }
  | { to: "player"; type: "play"; at?: number }
  | { to: "player"; type: "pause"; at?: number }
  | { to: "player"; type: "speed"; speed: number }
  | { to: "player"; type: "skipIdle"; on: boolean }
  /** Ends all drawing; a load begins anew. */
  | { to: "player"; type: "stop" }
  /** Asks for the HTML of an element as it is now. */
  | { to: "player"; type: "inspect"; nodeId: number };

export type FromPlayer =
  | { from: "player"; type: "ready" }
  | { from: "player"; type: "loaded" }
  /** The page is on the screen for the first time. */
  | { from: "player"; type: "drawn" }
  /** An element as it is now; "" when it is not on the page. */
  | { from: "player"; type: "node"; nodeId: number; html: string }
  | { from: "player"; type: "size"; width: number; height: number }
  /** Time since the recording's start, ms. `skipping` while idle time runs fast. */
  | { from: "player"; type: "time"; at: number; playing: boolean; skipping: boolean }
  | { from: "player"; type: "ended" }
  | { from: "player"; type: "failed"; message: string };

const isMessage = (v: unknown, key: string) => typeof v === "object" && v !== null && (v as Record<string, unknown>)[key] === "player";
export const isToPlayer = (v: unknown): v is ToPlayer => isMessage(v, "to");
export const isFromPlayer = (v: unknown): v is FromPlayer => isMessage(v, "from");

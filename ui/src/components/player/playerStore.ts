import { isFromPlayer, type ToPlayer } from "@/player/protocol";
import type { DomEvent } from "@/lib/recording/read";

export interface PlayerState {
  /** Time since the recording's start, ms. */
  at: number;
  playing: boolean;
  loaded: boolean;
  skipping: boolean;
  speed: number;
  skipIdle: boolean;
  width: number;
  height: number;
  failed: string | null;
  /** Something is asked for that is still on its way. */
  waiting: boolean;
  stopped: boolean;
  /** The element last inspected. */
  node: { id: number; html: string } | null;
}

/**
 * The small interface everything plays through: load, play, pause, seek, speed, on-time.
 * It speaks to the player's page and holds what that page last said; what is behind that
 * page can change without the screens knowing.
 */
export class PlayerStore {
  state: PlayerState;
  private listeners = new Set<() => void>();
  private frame: HTMLIFrameElement | null = null;
  private ready = false;
  private pending: { events: DomEvent[]; at: number; play: boolean } | null = null;
  private loadedEvents: DomEvent[] | null = null;
  /** How long after the recording's start the loaded events begin, ms. All times told and taken are since the recording's start; the player's page counts from its first event. */
  private base = 0;
  /** What is before the loaded events; loaded only when somebody goes there. */
  private earlier: DomEvent[] | null = null;
  /** Playing stops here, ms; for clips. */
  private until = Infinity;
  /** Where playing begins again once it has ended, ms. */
  private begin = 0;
  private over = false;
  /** The rest of the recording is on its way. */
  private more = false;
  /** Where to go, and whether to play, once the rest is there. */
  private wanted: { at: number; play: boolean } | null = null;

  constructor(
    private readonly origin: string,
    options: { speed: number; skipIdle: boolean },
  ) {
    this.state = { at: 0, playing: false, loaded: false, skipping: false, width: 0, height: 0, failed: null, waiting: false, stopped: false, node: null, ...options };
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  private set(change: Partial<PlayerState>) {
    this.state = { ...this.state, ...change };
    this.listeners.forEach((l) => l());
  }

  attach(frame: HTMLIFrameElement): () => void {
    this.frame = frame;
    const onMessage = (e: MessageEvent) => {
      if (e.source === frame.contentWindow && e.origin === this.origin && isFromPlayer(e.data)) this.hear(e.data);
    };
    window.addEventListener("message", onMessage);
    return () => {
      window.removeEventListener("message", onMessage);
      // The same recording is loaded again into the next frame.
      if (this.loadedEvents && !this.pending) this.pending = { events: this.loadedEvents, at: this.state.at, play: false };
      this.frame = null;
      this.ready = false;
    };
  }

  private hear(m: Parameters<typeof isFromPlayer>[0]) {
    if (!isFromPlayer(m)) return;
    switch (m.type) {
      case "ready":
        this.ready = true;
        this.flush();
        break;
      case "loaded":
        this.set({ loaded: true, failed: null });
        break;
      case "drawn":
        mark("first-frame");
        break;
      case "node":
        this.set({ node: { id: m.nodeId, html: m.html } });
        break;
      case "size":
        this.set({ width: m.width, height: m.height });
        break;
      case "time":
        if (m.playing && m.at + this.base >= this.until) {
          const until = this.until;
          this.pause();
          this.set({ at: until, playing: false });
        } else if (!this.wanted) this.set({ at: m.at + this.base, playing: m.playing, skipping: m.skipping });
        break;
      case "ended":
        if (this.more) {
          this.wanted = { at: this.state.at, play: true };
          this.set({ playing: false, waiting: true });
          break;
        }
        this.over = true;
        this.set({ playing: false, skipping: false });
        break;
      case "failed":
        this.set({ failed: m.message, playing: false });
        break;
    }
  }

  private say(message: ToPlayer) {
    this.frame?.contentWindow?.postMessage(message, this.origin);
  }

  private flush() {
    if (!this.ready || !this.pending) return;
    const { events, at, play } = this.pending;
    this.pending = null;
    this.loadedEvents = events;
    this.say({ to: "player", type: "load", events, at: this.inside(at), play, speed: this.state.speed, skipIdle: this.state.skipIdle });
  }

  private inside = (at: number) => Math.max(0, at - this.base);
  private get end() {
    return this.base + lengthOf(this.pending?.events ?? this.loadedEvents ?? []);
  }

  /** Loads a recording from `base` ms after its start. With `more`, its rest is appended later, and what was before `base` may be; until then it is waited for where it is needed. */
  load(events: DomEvent[], options: { at: number; play: boolean; until?: number; more?: boolean; base?: number }) {
    this.base = options.base ?? 0;
    this.earlier = null;
    this.until = options.until ?? Infinity;
    this.begin = options.until === undefined ? 0 : options.at;
    this.over = false;
    this.more = options.more ?? false;
    const end = this.base + lengthOf(events);
    const beyond = (this.more && options.at > end) || options.at < this.base;
    this.wanted = beyond ? { at: options.at, play: options.play } : null;
    this.pending = { events, at: beyond ? Math.max(this.base, Math.min(end, options.at)) : options.at, play: options.play && !beyond };
    this.set({ at: options.at, loaded: false, failed: null, stopped: false, waiting: beyond, node: null });
    this.flush();
  }

  /** More of what was loaded, its last without `more`; what waited for it goes on. */
  append(events: DomEvent[], more = false) {
    this.more = more;
    if (this.pending) this.pending.events = [...this.pending.events, ...events];
    else {
      this.loadedEvents = [...(this.loadedEvents ?? []), ...events];
      this.say({ to: "player", type: "append", events });
    }
    const wanted = this.wanted;
    if (wanted && wanted.at < this.base) return; // it waits for what was before
    if (wanted && more && wanted.at > this.end) return;
    this.wanted = null;
    this.set({ waiting: false });
    if (!wanted) {
      this.over = false; // of a recording that grew
      return;
    }
    if (this.pending) Object.assign(this.pending, wanted);
    else {
      this.go(wanted.at, wanted.play);
      this.set({ at: wanted.at, playing: wanted.play });
    }
  }

  /** What was before the loaded events; who waited for it goes there. */
  prepend(events: DomEvent[]) {
    this.earlier = events;
    if (this.wanted && this.wanted.at < this.base) this.back(this.wanted);
  }

  /** Loads all from the start: the player's page knows no time before its first event. */
  private back(to: { at: number; play: boolean }) {
    const events = [...(this.earlier ?? []), ...(this.pending?.events ?? this.loadedEvents ?? [])];
    this.base = 0;
    this.earlier = null;
    this.wanted = null;
    this.pending = { events, ...to };
    this.set({ at: to.at, waiting: false });
    this.flush();
  }

  private go(at: number, play: boolean) {
    this.say(play ? { to: "player", type: "play", at: this.inside(at) } : { to: "player", type: "pause", at: this.inside(at) });
  }

  /** Takes the recording off the screen: for a page that is too much for this browser. */
  stop = () => {
    this.pending = null;
    this.wanted = null;
    this.loadedEvents = null;
    this.say({ to: "player", type: "stop" });
    this.set({ playing: false, waiting: false, stopped: true });
  };

  /** Asks for an element's HTML as it is on the screen now. */
  inspect = (nodeId: number) => this.say({ to: "player", type: "inspect", nodeId });

  play = (at?: number) => {
    let from = at ?? this.state.at;
    if (at === undefined && (this.over || from >= this.until - 50)) from = this.begin;
    this.over = false;
    if (from < this.base) return this.seekTo(from, true);
    this.go(from, true);
    this.set({ at: from, playing: true });
  };

  pause = () => {
    this.say({ to: "player", type: "pause" });
    this.set({ playing: false });
  };

  toggle = () => (this.state.playing ? this.pause() : this.play());

  /** Goes to a moment and keeps playing or standing. */
  seek = (at: number) => this.seekTo(Math.max(0, at), this.state.playing);

  private seekTo(to: number, play: boolean) {
    this.over = false;
    if (to < this.base && this.earlier) return this.back({ at: to, play });
    if (to < this.base || (this.more && to > this.end)) {
      this.wanted = { at: to, play };
      this.say({ to: "player", type: "pause" });
      return this.set({ at: to, waiting: true });
    }
    this.wanted = null;
    if (to > this.until) this.until = Infinity;
    this.go(to, play);
    this.set({ at: to, waiting: false });
  }

  setSpeed = (speed: number) => {
    this.say({ to: "player", type: "speed", speed });
    this.set({ speed });
  };

  setSkipIdle = (on: boolean) => {
    this.say({ to: "player", type: "skipIdle", on });
    this.set({ skipIdle: on });
  };
}

const lengthOf = (events: DomEvent[]) => (events.at(-1)?.timestamp ?? 0) - (events[0]?.timestamp ?? 0);

/** A moment of this page's loading, for whoever measures. */
function mark(name: string) {
  if (performance.getEntriesByName(`hindsight:${name}`).length === 0) performance.mark(`hindsight:${name}`);
}

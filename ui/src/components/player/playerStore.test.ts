import { afterEach, expect, it } from "vitest";
import { PlayerStore } from "./playerStore";

const events = [{ type: 4, timestamp: 1 }, { type: 2, timestamp: 2 }];

afterEach(() => document.body.replaceChildren());

function setUp() {
  const frame = document.createElement("iframe");
  document.body.append(frame);
  const sent: { message: { type: string }; origin: string }[] = [];
  const page = frame.contentWindow as Window;
  page.postMessage = ((message: { type: string }, origin: string) => sent.push({ message, origin })) as never;
  const store = new PlayerStore("https://replay.example", { speed: 1, skipIdle: true });
  store.attach(frame);
  const hear = (data: object, more: Partial<MessageEventInit> = {}) => window.dispatchEvent(new MessageEvent("message", { data: { from: "player", ...data }, origin: "https://replay.example", source: page, ...more }));
  return { store, sent, hear };
}

it("waits for the page to be ready, then sends the recording to its origin only", () => {
  const { store, sent, hear } = setUp();
  store.load(events, { at: 5, play: true });
  expect(sent).toEqual([]);
  hear({ type: "ready" });
  expect(sent).toEqual([{ origin: "https://replay.example", message: { to: "player", type: "load", events, at: 5, play: true, speed: 1, skipIdle: true } }]);
});

it("believes neither another origin nor another window", () => {
  const { store, hear } = setUp();
  hear({ type: "time", at: 9, playing: true, skipping: false }, { origin: "https://evil.example" });
  hear({ type: "time", at: 9, playing: true, skipping: false }, { source: window });
  expect(store.state.at).toBe(0);
  hear({ type: "time", at: 9, playing: true, skipping: false });
  expect(store.state).toMatchObject({ at: 9, playing: true });
});

it("stops a clip at its end", () => {
  const { store, sent, hear } = setUp();
  store.load(events, { at: 0, play: true, until: 100 });
  hear({ type: "ready" });
  hear({ type: "time", at: 120, playing: true, skipping: false });
  expect(sent.at(-1)?.message).toEqual({ to: "player", type: "pause" });
  expect(store.state).toMatchObject({ at: 100, playing: false });
});

it("keeps playing through a seek, and standing through a seek", () => {
  const { store, sent, hear } = setUp();
  hear({ type: "time", at: 9, playing: true, skipping: false });
  store.seek(50);
  expect(sent.at(-1)?.message).toEqual({ to: "player", type: "play", at: 50 });
  store.pause();
  store.seek(-3);
  expect(sent.at(-1)?.message).toEqual({ to: "player", type: "pause", at: 0 });
});

it("begins again when play is pressed at the end, also where the recording ends before the clip", () => {
  const { store, sent, hear } = setUp();
  store.load(events, { at: 30, play: true, until: 1000 });
  hear({ type: "ready" });
  hear({ type: "time", at: 700, playing: true, skipping: false });
  hear({ type: "ended" });
  store.play();
  expect(sent.at(-1)?.message).toEqual({ to: "player", type: "play", at: 30 });
});

it("shows what it has of a recording, and goes where it was asked to when the rest is there", () => {
  const { store, sent, hear } = setUp();
  store.load([{ type: 4, timestamp: 1 }, { type: 2, timestamp: 1001 }], { at: 60_000, play: true, more: true });
  hear({ type: "ready" });
  expect(sent.at(-1)?.message).toMatchObject({ type: "load", at: 1000, play: false });
  expect(store.state).toMatchObject({ at: 60_000, waiting: true });
  const rest = [{ type: 3, timestamp: 90_001 }];
  store.append(rest);
  expect(sent.slice(-2).map((s) => s.message)).toEqual([{ to: "player", type: "append", events: rest }, { to: "player", type: "play", at: 60_000 }]);
  expect(store.state).toMatchObject({ waiting: false, playing: true });
});

it("waits at the end of what it has, and plays on", () => {
  const { store, sent, hear } = setUp();
  store.load(events, { at: 0, play: true, more: true });
  hear({ type: "ready" });
  hear({ type: "time", at: 1, playing: true, skipping: false });
  hear({ type: "ended" });
  expect(store.state.waiting).toBe(true);
  store.append([{ type: 3, timestamp: 500 }]);
  expect(sent.at(-1)?.message).toEqual({ to: "player", type: "play", at: 1 });
});

it("stops drawing, and draws again when it is loaded again", () => {
  const { store, sent, hear } = setUp();
  store.load(events, { at: 0, play: true });
  hear({ type: "ready" });
  store.stop();
  expect(sent.at(-1)?.message).toEqual({ to: "player", type: "stop" });
  expect(store.state).toMatchObject({ stopped: true, playing: false });
  store.load(events, { at: 0, play: false });
  expect(store.state.stopped).toBe(false);
});

it("plays a recording from its middle, and loads what was before only when somebody goes there", () => {
  const { store, sent, hear } = setUp();
  const middle = [{ type: 2, timestamp: 60_000 }, { type: 3, timestamp: 90_000 }];
  hear({ type: "ready" });
  store.load(middle, { at: 70_000, play: true, more: true, base: 60_000 });
  expect(sent.at(-1)?.message).toMatchObject({ type: "load", at: 10_000, play: true });
  hear({ type: "time", at: 11_000, playing: true, skipping: false });
  expect(store.state.at).toBe(71_000);
  store.seek(65_000);
  expect(sent.at(-1)?.message).toEqual({ to: "player", type: "play", at: 5000 });
  store.seek(10_000);
  expect(store.state).toMatchObject({ at: 10_000, waiting: true });
  store.append([{ type: 3, timestamp: 120_000 }]);
  expect(store.state.waiting).toBe(true); // what followed is not what it waits for
  store.prepend(events);
  expect(sent.at(-1)?.message).toMatchObject({ type: "load", at: 10_000, play: true });
  expect((sent.at(-1)?.message as unknown as { events: unknown[] }).events).toEqual([...events, ...middle, { type: 3, timestamp: 120_000 }]);
  hear({ type: "time", at: 10_040, playing: true, skipping: false });
  expect(store.state).toMatchObject({ at: 10_040, waiting: false });
});

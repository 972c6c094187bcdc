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

import { expect, it } from "vitest";
import { splitTracks } from "./tracks";

const part = (name: string, from: number, whole = false) => [{ type: whole ? 2 : 3, timestamp: from, name }, { type: 3, timestamp: from + 4, name }];
const names = (tracks: unknown[][]) => tracks.map((t) => t.flatMap((s) => (s as { name: string }[]).map((e) => e.name).slice(0, 1)));

it("leaves a recording of one tab alone", () => {
  expect(splitTracks([0, 1, 2].map((id) => ({ id, events: part(`p${id}`, id * 10, id === 0) })))).toHaveLength(1);
});

it("parts a duplicated tab from the one it came from", () => {
  const tracks = splitTracks([
    { id: 0, events: part("a0", 0, true) },
    { id: 1, events: part("b1", 14, true) }, // the new tab draws its page anew
    { id: 1, events: part("a1", 10) },
    { id: 2, events: part("a2", 20) },
    { id: 2, events: part("b2", 24) },
    { id: 3, events: part("b3", 34) }, // the first tab was closed
  ]);
  expect(names(tracks)).toEqual([["a0", "a1", "a2"], ["b1", "b2", "b3"]]);
});

it("puts up with segments that are no segments", () => {
  expect(splitTracks([{ id: 0, events: null }, { id: 0, events: [] }])).toHaveLength(2);
});

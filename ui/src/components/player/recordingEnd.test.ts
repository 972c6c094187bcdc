import { expect, it } from "vitest";
import type { Recording } from "@/lib/recording/read";
import { recordingEnd } from "./recordingEnd";

const part = (end: number) => ({ start: 0, end, dom: [], broken: 0, truncated: null, heaviest: 0 }) satisfies Recording;

it("believes the events once all are there, not a time that was only told", () => {
  expect(recordingEnd({ after: [], followed: true }, part(12), 80)).toBe(12);
  expect(recordingEnd({ after: [part(40), part(60)], followed: true }, part(12), 80)).toBe(60);
});

it("takes what is told while the rest is on its way", () => {
  expect(recordingEnd({ after: [], followed: false }, part(12), 80)).toBe(80);
  expect(recordingEnd({ after: [], followed: false }, null, 80)).toBe(80);
});

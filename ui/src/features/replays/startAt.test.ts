import { expect, it } from "vitest";
import { startAt } from "./startAt";

const start = 1_795_000_000_000;
it.each([
  [12, undefined, 12_000],
  [undefined, "1795000005", 5000],
  [undefined, "1795000005500", 5500],
  [undefined, new Date(start + 7000).toISOString(), 7000],
  [undefined, "1794999999", 0],
  [undefined, "yesterday", 0],
  [undefined, undefined, 0],
])("begins where ?t=%s&event_t=%s says", (t, eventTime, want) => expect(startAt(t, eventTime, start)).toBe(want));

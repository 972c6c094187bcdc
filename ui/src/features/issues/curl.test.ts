import { expect, it } from "vitest";
import { toCurl } from "./curl";

it("writes a request for a shell", () => {
  expect(toCurl({ method: "post", url: "http://h/api", query: [["a", "b c"]], headers: [["Host", "h"], ["X-Note", "it's"]], data: { a: 1 } })).toBe(
    `curl 'http://h/api?a=b%20c' \\\n  -X 'POST' \\\n  -H 'X-Note: it'\\''s' \\\n  --data-raw '{"a":1}'`,
  );
  expect(toCurl({ method: null, url: "http://h/'; rm -rf /", query: [], headers: [], data: null })).toBe(`curl 'http://h/'\\''; rm -rf /'`);
});

import { expect, it } from "vitest";
import { platforms, sideOfPlatform, snippet, snippetText } from "./snippets";

it.each(platforms.map((p) => p.value))("%s: has the DSN, and says what makes a link", (platform) => {
  const s = snippet(platform, "https://key@h/1");
  expect(snippetText(s)).toContain("https://key@h/1");
  expect(s.lines.some((l) => l.why)).toBe(true);
});

it("knows the side of platforms it has no snippet for", () => {
  expect([sideOfPlatform("javascript-svelte"), sideOfPlatform("ruby"), sideOfPlatform(null)]).toEqual(["browser", "server", "server"]);
});

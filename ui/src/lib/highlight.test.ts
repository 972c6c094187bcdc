import { expect, it } from "vitest";
import { highlight, languageOf } from "./highlight";

const of = (language: string, ...lines: string[]) => highlight(lines, language).map((l) => l.map((t) => (t.kind ? `${t.kind}<${t.text}>` : t.text)).join(""));

it("colours keywords, texts, comments and calls", () => {
  expect(of("js", `const a = pay("x\\"y", 'z'); // why`)).toEqual([`k<const> a = fn<pay>(s<"x\\"y">, s<'z'>); c<// why>`]);
  expect(of("go", "func (c *Cart) Pay() error { return nil }")).toEqual(["k<func> (c *Cart) fn<Pay>() error { k<return> k<nil> }"]);
  expect(of("py", "def pay(self): # now", "    return None")).toEqual(["k<def> fn<pay>(k<self>): c<# now>", "    k<return> k<None>"]);
});

it("goes on over lines", () => {
  expect(of("js", "/* one", "two */ x", "`a ${b}", "c` + d")).toEqual(["c</* one>", "c<two */> x", "s<`a ${b}>", "s<c`> + d"]);
  expect(of("py", '"""doc', 'if x"""', "if x:")).toEqual(['s<"""doc>', 's<if x""">', "k<if> x:"]);
});

it("knows a word from a part of one, and a field from a keyword", () => {
  expect(of("js", "letter.default newer")).toEqual(["letter.default newer"]);
  expect(of("rb", "raise Oops unless paid?(x)")).toEqual(["k<raise> Oops k<unless> fn<paid>?(x)"]);
});

it("finds the language by the file's name, then by the platform", () => {
  expect(languageOf("src/cart.tsx", null)).toBe("js");
  expect(languageOf("https://x/app.js?v=1", "python")).toBe("js");
  expect(languageOf("Makefile", "go")).toBe("go");
  expect(languageOf(null, "other")).toBeUndefined();
});

it("loses nothing of any line, and is quick with a long one", () => {
  const lines = ['const s = "' + 'x\\"'.repeat(3000), "'", "\\", "", "</script> `", "é = ünïcode('ß')", "a".repeat(200_000)];
  for (const language of ["js", "go", "py", "rb", "php", "java", "rust", "c", undefined]) expect(highlight(lines, language).map((l) => l.map((t) => t.text).join(""))).toEqual(lines);
});

import { expect, test } from "vitest";
import { fieldOf, fieldsLike, isWhole, lastWord, quoteValue, takeWord, tokens, valuesLike, withoutToken } from "./searchSuggest";

test("quotes, lists and parentheses hold a token together", () => {
  expect(tokens('is:unresolved message:"out of stock"  cherries')).toEqual(["is:unresolved", 'message:"out of stock"', "cherries"]);
  expect(tokens("(level:error OR level:fatal) release:[1.0, 2.0]")).toEqual(["(level:error OR level:fatal)", "release:[1.0, 2.0]"]);
  expect(tokens('title:"say \\"a b\\"" x')).toEqual(['title:"say \\"a b\\""', "x"]);
  expect(tokens('open:"never closed')).toEqual(['open:"never closed']);
  expect(tokens("  ")).toEqual([]);
});

test("an operator goes with what it joined", () => {
  expect(withoutToken(["a", "OR", "b"], 0)).toEqual(["b"]);
  expect(withoutToken(["a", "OR", "b"], 2)).toEqual(["a"]);
  expect(withoutToken(["a", "OR", "b", "AND", "c"], 2)).toEqual(["a", "OR", "c"]);
  expect(withoutToken(["a", "b"], 1)).toEqual(["a"]);
});

test("the last word is what is being typed", () => {
  expect(lastWord("is:unresolved rel")).toBe("rel");
  expect(lastWord("a ")).toBe("");
  expect(lastWord('release:"a b')).toBe('release:"a b');
  expect(lastWord('release:"a b" x')).toBe("x");
  expect(lastWord("(level:er")).toBe("level:er");
  expect(takeWord("is:unresolved rel", "release:")).toBe("is:unresolved release:");
  expect(takeWord("(lev", "level:")).toBe("(level:");
});

test("a field is known with its sign, operator and value", () => {
  expect(fieldOf("!release:1.")).toEqual({ key: "release", prefix: "!release:", op: "", value: "1." });
  expect(fieldOf("timesSeen:>=1")).toEqual({ key: "timesSeen", prefix: "timesSeen:", op: ">=", value: "1" });
  expect(fieldOf('user:"id:7')).toEqual({ key: "user", prefix: "user:", op: "", value: "id:7" });
  expect(fieldOf("tags[a b]:x")?.key).toBe("tags[a b]");
  expect(fieldOf("plain")).toBeNull();
});

test("values with signs of the language are quoted", () => {
  expect(quoteValue("Chrome 120")).toBe('"Chrome 120"');
  expect(quoteValue('a"b*')).toBe('"a\\"b\\*"');
  expect(quoteValue("<anonymous>")).toBe('"<anonymous>"');
  expect(quoteValue("prod")).toBe("prod");
});

const fields = [
  { insert: "firstRelease:", what: "the release it came with" },
  { insert: "release:", what: "also with *" },
  { insert: "environment:", what: "production, staging" },
];

test("fields that begin with the word come first, and keep its !", () => {
  expect(fieldsLike(fields, "rel").map((f) => f.insert)).toEqual(["release:", "firstRelease:"]);
  expect(fieldsLike(fields, "!env").map((f) => f.insert)).toEqual(["!environment:"]);
  expect(fieldsLike(fields, "staging").map((f) => f.insert)).toEqual(["environment:"]);
});

test("values go on from what is typed, operator and all", () => {
  const counts = [{ insert: ">10", what: "" }, { insert: ">100", what: "" }, { insert: "<5", what: "" }];
  expect(valuesLike(counts, { key: "n", prefix: "!n:", op: ">", value: "10" }).map((v) => v.insert)).toEqual(["!n:>100"]);
  expect(valuesLike(counts, { key: "n", prefix: "n:", op: "", value: "" })).toHaveLength(3);
});

test("what waits for a value is not whole", () => {
  expect(["release:", "timesSeen:>", "has:replay", "words"].map(isWhole)).toEqual([false, false, true, true]);
});

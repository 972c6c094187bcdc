import { describe, expect, it } from "vitest";
import { providerWords } from "./providerWords";

describe("coming back from the sign-in provider", () => {
  it("says nothing when there is a code", () => expect(providerWords("c", "s", undefined, undefined)).toBeNull());
  it("says what the provider refused", () => {
    expect(providerWords(undefined, "s", "access_denied", undefined)).toContain("You did not sign in");
    expect(providerWords(undefined, "s", "server_error", "x")).toContain("Try again");
    expect(providerWords(undefined, "s", "invalid_scope", "no such scope")).toContain("no such scope");
    expect(providerWords(undefined, "s", "invalid_scope", "x".repeat(999))).toHaveLength("Your company’s sign-in page said no: ".length + 200);
  });
  it("says that a bare address is none", () => expect(providerWords(undefined, undefined, undefined, undefined)).toContain("Begin again"));
});

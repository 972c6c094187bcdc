import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { LimitRow, withLimit, type Limited } from "./LimitRow";

it("takes several categories as they are typed, another time, and whom it counts for", async () => {
  let last: Limited | null = null;
  function Page() {
    const [limit, set] = useState<Limited | null>({ limit: 10, categories: ["error"], windowSeconds: 90, scope: "project" });
    last = limit;
    return limit ? <LimitRow limit={limit} onChange={set} /> : <p>gone</p>;
  }
  render(<Page />);
  expect(screen.getByRole<HTMLSelectElement>("combobox", { name: "In which time" }).selectedOptions[0]?.textContent).toMatch(/1.*30|90/);
  await userEvent.type(screen.getByRole("textbox", { name: "Categories" }), ", log_item,");
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "In which time" }), "an hour");
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Counted for" }), "per key");
  expect(last).toEqual({ limit: 10, categories: ["error", "log_item"], windowSeconds: 3600, scope: "key" });
  await userEvent.click(screen.getByRole("button", { name: "Remove this limit" }));
  expect(screen.getByText("gone")).toBeTruthy();
});

it("changes or removes one of a list", () => {
  expect(withLimit(["a", "b", "c"], 1, "x")).toEqual(["a", "x", "c"]);
  expect(withLimit(["a", "b"], 0, null)).toEqual(["b"]);
});

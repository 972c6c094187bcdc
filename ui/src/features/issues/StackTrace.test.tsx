import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import type { ExceptionValue, Frame } from "@/api/gen";
import { StackTrace } from "./StackTrace";

const frame = (filename: string, inApp: boolean, context: [number, string][] = []): Frame => ({
  filename, inApp, context, absPath: null, colNo: null, function: "f", instructionAddr: null, lineNo: context[0]?.[0] ?? 1, module: null, package: null, platform: null, rawFunction: null, sourceLink: null, symbol: null, symbolAddr: null, trust: null, vars: {},
});
const exception = (type: string, frames: Frame[]): ExceptionValue => ({ type, value: "it broke", module: null, threadId: null, mechanism: null, rawStacktrace: null, stacktrace: { frames, framesOmitted: null, hasSystemFrames: true, registers: null } });

it("opens the newest frame of one's own code and folds the libraries", async () => {
  render(<StackTrace exceptions={[exception("panic", [frame("runtime/proc.go", false), frame("payment/charge.go", true, [[118, "total := res.Total"]]), frame("runtime/panic.go", false), frame("runtime/sig.go", false)])]} />);
  expect(screen.getByText("total := res.Total")).toBeTruthy();
  expect(screen.getByText(/1 of 4 frames is yours/)).toBeTruthy();
  expect(screen.queryByText("runtime/panic.go")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: /2 frames from/ }));
  expect(screen.getByText("runtime/panic.go")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "All" }));
  expect(screen.getByText("runtime/proc.go")).toBeTruthy();
});

it("tells the exception that was raised before what caused it", () => {
  render(<StackTrace exceptions={[exception("SocketError", [frame("net.js", false)]), exception("TypeError", [frame("api/server.js", true)])]} />);
  const words = document.body.textContent ?? "";
  expect(words.indexOf("TypeError")).toBeLessThan(words.indexOf("SocketError"));
  expect(words).toContain("Caused by");
});

it("shows hostile text as text", () => {
  render(<StackTrace exceptions={[exception("<img src=x onerror=alert(1)>", [frame("<script>", true, [[1, "<b>bold</b>"]])])]} />);
  expect(document.querySelector("img, script, b > b")).toBeNull();
  expect(screen.getByText("<b>bold</b>")).toBeTruthy();
});

// @vitest-environment node
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

// What a first visit has to load before anything shows: the page's script and all it imports at once.
// Screens, player, palette and dialogs come when they are asked for.
const BUDGET = 200_000; // bytes of JavaScript, gzip

interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
}

const out = mkdtempSync(join(tmpdir(), "hindsight-ui-"));
let chunks: Record<string, Chunk>;

beforeAll(async () => {
  vi.stubEnv("NODE_ENV", "production"); // else React would bring its developers' half
  await build({ mode: "production", logLevel: "silent", build: { outDir: out, emptyOutDir: true, manifest: true } });
  vi.unstubAllEnvs();
  chunks = JSON.parse(readFileSync(join(out, ".vite/manifest.json"), "utf8")) as Record<string, Chunk>;
}, 120_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** A chunk and what it imports statically. */
function loaded(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const i of chunks[name]?.imports ?? []) loaded(i, seen);
  return seen;
}

it("loads at most 200 kB of script before the first screen", () => {
  const files = [...loaded("index.html")].flatMap((name) => chunks[name]?.file ?? []);
  expect(files.length).toBeGreaterThan(0);
  const sizes = files.map((file) => ({ file, bytes: gzipSync(readFileSync(join(out, file))).length }));
  const total = sizes.reduce((n, s) => n + s.bytes, 0);
  expect(total, JSON.stringify(sizes)).toBeLessThanOrEqual(BUDGET);
  expect(total).toBeGreaterThan(20_000); // an empty build is no proof
});

it("leaves the player to its own page", () => {
  const initial = [...loaded("index.html")].map((name) => readFileSync(join(out, chunks[name]?.file ?? ""), "utf8")).join("\n");
  expect(initial).not.toContain("replayer-wrapper");
  expect([...loaded("player.html")].map((name) => readFileSync(join(out, chunks[name]?.file ?? ""), "utf8")).join("\n")).toContain("replayer-wrapper");
});

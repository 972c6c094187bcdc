import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": here("./src") } },
  build: {
    // public/.gitkeep is copied here, so that the tracked dist/.gitkeep survives every build.
    outDir: "dist",
    emptyOutDir: true,
    manifest: true, // embed.go reads which files a screen needs
    target: "es2022",
    // Everything is a file of ours: the content security policy knows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        app: here("./index.html"),
        // The page recordings play in. It has its own, stricter policy: see embed.go.
        player: here("./player.html"),
      },
    },
  },
  worker: { format: "es" },
  server: {
    proxy: {
      "/api": { target: process.env.HINDSIGHT_DEV_SERVER ?? "http://127.0.0.1:8000" },
    },
  },
  test: {
    environment: "jsdom",
    testTimeout: 20_000, // a busy machine is no failure
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testSetup.ts"],
  },
});

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// The script that stands inside an evidence file: one file without imports, beside the app's own build.
export default defineConfig({
  publicDir: false,
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: fileURLToPath(new URL("./src/evidence/main.ts", import.meta.url)), formats: ["iife"], name: "evidence", fileName: () => "evidence.js" },
  },
});

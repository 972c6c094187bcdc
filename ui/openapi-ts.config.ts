import { defineConfig } from "@hey-api/openapi-ts";

export default defineConfig({
  input: "../api/openapi.json",
  output: { path: "src/api/gen", postProcess: [] },
  plugins: [
    { name: "@hey-api/client-fetch" },
    "@hey-api/typescript",
    { name: "@hey-api/sdk" },
    { name: "@tanstack/react-query", queryOptions: true, queryKeys: true, mutationOptions: true, infiniteQueryOptions: false, infiniteQueryKeys: false },
  ],
});

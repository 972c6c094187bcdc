import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { createAppRouter } from "./router";

it("links to releases of packages with a scope, and reads the address again", () => {
  const router = createAppRouter(new QueryClient());
  for (const version of ["@acme/shop@1.0.0+7", "shop@1 beta", "a%2Fb", "100%"]) {
    const at = router.buildLocation({ to: "/organizations/$org/releases/$version/", params: { org: "acme", version } });
    const path = new URL(at.href, "http://x").pathname; // as the browser has it
    expect(path.split("/")).toHaveLength(6); // the version is one part
    const matches = router.matchRoutes({ ...at, pathname: path, search: {} } as never);
    expect(matches.at(-1)?.params).toEqual({ org: "acme", version });
  }
});

import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/client";

export function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        refetchOnWindowFocus: true,
        // A no stays a no; only a server that is away is asked again.
        retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
        retryDelay: (n) => 400 * 2 ** n,
      },
    },
  });
}

import { useRouter } from "@tanstack/react-router";
import { Failed } from "@/components/states";

export function RouteError({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  return (
    <Failed
      what="this page"
      error={error}
      retry={() => {
        reset();
        void router.invalidate();
      }}
    />
  );
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { errorMessage } from "@/api/client";
import { finishSignOnMutation, getAuthQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { useTitle } from "@/app/hooks";
import { Logo } from "@/app/Shell";
import { Icon } from "@/components/Icon";
import { safeNext } from "./next";
import { providerWords } from "./providerWords";

/** Where the sign-in provider sends people back to: ends the sign-in, or says what went wrong. */
export function SignOnReturn() {
  useTitle("Sign in");
  const { code, state, error, error_description } = useSearch({ from: "/sign-in/oidc" });
  const router = useRouter();
  const queries = useQueryClient();
  const finish = useMutation({
    ...finishSignOnMutation(),
    onSuccess: ({ user, next }) => {
      queries.clear();
      queries.setQueryData(getAuthQueryKey(), user as never);
      router.history.replace(safeNext(next));
    },
  });
  const sent = useRef(false); // a code works once, and effects can run twice
  const { mutate } = finish;
  useEffect(() => {
    if (!code || !state || sent.current) return;
    sent.current = true;
    mutate({ body: { code, state } });
  }, [code, state, mutate]);
  const words = finish.error ? errorMessage(finish.error) : providerWords(code, state, error, error_description);
  return (
    <main className="sign">
      <div className="sign-box">
        <Logo large />
        <h1>Hindsight</h1>
        {words ? (
          <>
            <p className="note red" role="alert">
              <Icon name="error" size="s" />
              <span>{words}</span>
            </p>
            <Link to="/sign-in/" className="btn pri tall full">
              Back to the sign-in page
            </Link>
          </>
        ) : (
          <p className="t3" role="status">
            Signing you in…
          </p>
        )}
      </div>
    </main>
  );
}

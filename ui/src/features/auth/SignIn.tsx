import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { errorMessage } from "@/api/client";
import { getAuthQueryKey, signInMutation, signInWithLinkMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useTitle } from "@/app/hooks";
import { Logo } from "@/app/Shell";
import { Icon } from "@/components/Icon";
import { SignOnButton } from "@/components/SignOnButton";
import { safeNext } from "./next";

export function SignIn() {
  useTitle("Sign in");
  const { token, next } = useSearch({ from: "/sign-in" });
  const router = useRouter();
  const queries = useQueryClient();
  const enter = (me: unknown) => {
    queries.clear();
    queries.setQueryData(getAuthQueryKey(), me as never);
    router.history.replace(safeNext(next));
  };
  const byLink = useMutation({ ...signInWithLinkMutation(), onSuccess: enter });
  const byPassword = useMutation({ ...signInMutation(), onSuccess: enter });
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const used = useRef(false); // a link works once, and effects can run twice
  const { mutate } = byLink;
  useEffect(() => {
    if (!token || used.current) return;
    used.current = true;
    mutate({ body: { token } });
  }, [token, mutate]);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    byPassword.mutate({ body: { email, password } });
  };
  const failed = byPassword.error ?? byLink.error;
  return (
    <main className="sign">
      <div className="sign-box">
        <Logo large />
        <h1>Hindsight</h1>
        {token && !byLink.isError ? (
          <p className="t3" role="status">
            Signing you in…
          </p>
        ) : (
          <form onSubmit={submit}>
            {failed ? (
              <p className="note red" role="alert">
                <Icon name="error" size="s" />
                <span>
                  {errorMessage(failed)}
                  {byLink.error && !byPassword.error ? " A sign-in link works once and for a short time. For a new one, run hindsight user sign-in-link with your e-mail on the server." : null}
                </span>
              </p>
            ) : null}
            <label className="lbl">
              E-mail
              <input className="inp" type="email" name="email" autoComplete="username" required value={email} onChange={(e) => setEmail(e.target.value)} />
            </label>
            <label className="lbl">
              Password
              <input className="inp" type="password" name="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.target.value)} />
            </label>
            <button type="submit" className="btn pri tall full" disabled={byPassword.isPending}>
              {byPassword.isPending ? "Signing in…" : "Sign in"}
            </button>
            <SignOnButton next={next} className="btn tall full" />
            <p className="micro t3">No password yet, or forgotten? On the server, <code className="code">hindsight user sign-in-link {email || "EMAIL"}</code> prints a link that signs you in once.</p>
          </form>
        )}
      </div>
    </main>
  );
}

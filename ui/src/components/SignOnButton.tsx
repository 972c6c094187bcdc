import { useMutation, useQuery } from "@tanstack/react-query";
import { beginSignOnMutation, getSignOnOptions } from "@/api/gen/@tanstack/react-query.gen";
import { errorMessage } from "@/api/client";
import { Icon } from "@/components/Icon";

/** Goes to the company's sign-in provider, to sign in or to link its account; nothing where there is none. */
export function SignOnButton({ link = false, next, className = "btn" }: { link?: boolean; next?: string; className?: string }) {
  const info = useQuery({ ...getSignOnOptions(), staleTime: Infinity, retry: false });
  const begin = useMutation({ ...beginSignOnMutation(), onSuccess: ({ url }) => window.location.assign(url) });
  if (!info.data?.enabled) return null;
  return (
    <>
      <button type="button" className={className} disabled={begin.isPending || begin.isSuccess} onClick={() => begin.mutate({ body: { link, next } })}>
        <Icon name="lock" size="s" />
        <span className="cut">{link ? `Link ${info.data.name}` : `Sign in with ${info.data.name}`}</span>
      </button>
      {begin.isError ? (
        <p className="small red" role="alert">
          {errorMessage(begin.error)}
        </p>
      ) : null}
    </>
  );
}

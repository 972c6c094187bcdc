import { useEffect, useState, type ReactNode } from "react";
import { ApiError, errorMessage } from "@/api/client";
import { Icon, type IconName } from "./Icon";

/** The middle of an empty place: what it is, why, and what to do next. */
export function Middle({ icon, title, children, actions, tone }: { icon: IconName; title: string; children?: ReactNode; actions?: ReactNode; tone?: "red" }) {
  return (
    <div className="mid">
      <span className={tone}>
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      {children ? <p>{children}</p> : null}
      {actions ? <div className="row">{actions}</div> : null}
    </div>
  );
}

const sentenceOf = (words: string) => (/[.!?…]$/.test(words) ? words : `${words}.`);

/** What failed, what did not, and what to try; tries again by itself while the server is away. */
export function Failed({ what, error, retry }: { what: string; error: unknown; retry: () => void }) {
  const status = error instanceof ApiError ? error.status : 0;
  const again = status === 0 || status >= 500;
  const [left, setLeft] = useState(10);
  useEffect(() => {
    if (!again) return;
    const timer = window.setTimeout(() => {
      if (left > 1) setLeft(left - 1);
      else {
        setLeft(10);
        retry();
      }
    }, 1000);
    return () => window.clearTimeout(timer);
  }, [again, left, retry]);
  if (status === 403) {
    return (
      <Middle icon="lock" title={`You may not see ${what}`}>
        {errorMessage(error)} An owner of the organisation can let you in.
      </Middle>
    );
  }
  if (status === 404) {
    return (
      <Middle icon="search" title={`There is no such ${what.replace(/^(this|the) /, "")}`}>
        It may have been deleted, or its id is not complete.
      </Middle>
    );
  }
  return (
    <div role="alert">
      <Middle
        icon="error"
        tone="red"
        title={`${what.charAt(0).toUpperCase()}${what.slice(1)} did not load`}
        actions={
          <>
            <button type="button" className="btn" onClick={retry}>
              Try again
            </button>
            {again ? <span className="small t3 num">again by itself in {left} s</span> : null}
          </>
        }
      >
        {sentenceOf(errorMessage(error))}
        {again ? " What your apps send is still being received." : ""}
      </Middle>
    </div>
  );
}

/** Rows that look like the rows to come, so that nothing moves when they do. */
export function SkeletonRows({ rows, label }: { rows: number; label: string }) {
  return (
    <div role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, i) => (
        <div className="skr" key={i}>
          <i className="sk sq" />
          <span className="sk-t">
            <i className={`sk w${(i * 7) % 4}`} />
            <i className="sk thin" />
          </span>
          <i className="sk big" />
          <i className="sk" />
          <i className="sk" />
        </div>
      ))}
    </div>
  );
}

export function SkeletonLines({ lines, label }: { lines: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="sk-lines">
      {Array.from({ length: lines }, (_, i) => (
        <i className={`sk w${(i * 5) % 4}`} key={i} />
      ))}
    </div>
  );
}

import type { ReactNode } from "react";
import { Icon } from "@/components/Icon";
import type { Frame, View } from "@/lib/recording/frames";

/** The address and window size of the recorded page at a moment. */
export function UrlBar({ views, frames, at, children }: { views: readonly View[]; frames: readonly Frame[]; at: number; children?: ReactNode }) {
  const view = views.findLast((v) => v.at <= at + 1) ?? views[0];
  const navigated = frames.findLast((f) => f.kind === "navigation" && f.at <= at + 1 && f.at > (view?.at ?? 0));
  const href = navigated?.url ?? view?.href ?? "";
  const parts = /^[a-z]+:\/\/([^/?#]*)([^?#]*)/i.exec(href);
  const host = parts?.[1] ?? /^[a-z]+:\/\/([^/?#]*)/i.exec(view?.href ?? "")?.[1] ?? "";
  const path = parts ? parts[2] : href.replace(/[?#].*/, "");
  return (
    <div className="urlbar">
      <Icon name="lock" size="xs" />
      <span className="cut">
        {host}
        <b>{path || "/"}</b>
      </span>
      <span className="sp" />
      {children ?? (view && view.width > 0 ? <span className="badge line">{`${view.width} × ${view.height}`}</span> : null)}
    </div>
  );
}

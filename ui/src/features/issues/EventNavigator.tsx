import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Event } from "@/api/gen";
import { Avatar, CopyButton } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { ago, dateTime, shortHex } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useNow } from "@/lib/now";
import { linksOptions } from "./queries";

/** Which event of the issue is in view, the ways to others, and whose it is. */
export function EventNavigator({ org, issueId, event, which }: { org: string; issueId: string; event: Event; which: string }) {
  const navigate = useNavigate();
  const now = useNow();
  const links = useQuery(linksOptions(org, { issue: issueId }));
  const go = (to: string | null | undefined) => {
    if (!to) return;
    void (to === "recommended"
      ? navigate({ to: "/organizations/$org/issues/$issue/", params: { org, issue: issueId }, resetScroll: false })
      : navigate({ to: "/organizations/$org/issues/$issue/events/$event/", params: { org, issue: issueId, event: to }, resetScroll: false }));
  };
  const played = links.data?.find((l) => l.plays && l.itemKind === "event" && l.tier <= 4);
  useKeys({ "[": () => go(event.previousEventID), "]": () => go(event.nextEventID) });
  const user = event.user?.email ?? event.user?.username ?? event.user?.name ?? event.user?.id ?? null;
  const browser = nameAndVersion(event.contexts.browser);
  const os = nameAndVersion(event.contexts.os);
  return (
    <div className="evnav">
      <span className="seg" role="group" aria-label="Which event">
        {(["recommended", "latest", "oldest"] as const).map((w) => (
          <button key={w} type="button" aria-pressed={which === w} onClick={() => go(w)}>
            {w.charAt(0).toUpperCase() + w.slice(1)}
          </button>
        ))}
        <button type="button" aria-pressed={played !== undefined && which === played.itemId} disabled={!played} onClick={() => go(played?.itemId)}>
          <Icon name="replay" size="s" />
          With replay
        </button>
      </span>
      <span className="split plain">
        <button type="button" className="btn ico" aria-label="Previous event ([)" disabled={!event.previousEventID} onClick={() => go(event.previousEventID)}>
          <Icon name="left" size="s" />
        </button>
        <button type="button" className="btn ico" aria-label="Next event (])" disabled={!event.nextEventID} onClick={() => go(event.nextEventID)}>
          <Icon name="right" size="s" />
        </button>
      </span>
      <span className="row small nowrap">
        <CopyButton text={event.eventID} label="Copy event id" className="code t1 copy-id">
          {shortHex(event.eventID)}
        </CopyButton>
        <span className="t3">
          {dateTime(event.dateCreated, { ms: true })} · {ago(event.dateCreated, now)}
        </span>
      </span>
      <span className="sp" />
      <span className="row small nowrap t3 hide-s">
        {user ? (
          <>
            <Avatar name={user} />
            <span className="t1 cut">{user}</span>
          </>
        ) : null}
        {[browser, os].filter(Boolean).map((x) => (
          <span key={x}>· {x}</span>
        ))}
        {event.release ? <span className="code cut">{event.release.version}</span> : null}
      </span>
    </div>
  );
}

const nameAndVersion = (c: Record<string, unknown> | undefined) => (c && typeof c.name === "string" ? `${c.name} ${typeof c.version === "string" ? c.version.split(".")[0] : ""}`.trim() : "");

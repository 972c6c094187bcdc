import { useQuery } from "@tanstack/react-query";
import { getForwardingOptions } from "@/api/gen/@tanstack/react-query.gen";
import { Icon } from "@/components/Icon";
import { ago, count, duration, plural, toMs } from "@/lib/format";
import { useNow } from "@/lib/now";

/** How sending on is going, as the relays tell it. */
export function ForwardingState({ org, project }: { org: string; project: string }) {
  const now = useNow();
  const state = useQuery({ ...getForwardingOptions({ path: { org, project } }), refetchInterval: 5000 });
  const f = state.data;
  if (state.isError) return <p className="note amber">How it is going cannot be read just now.</p>;
  if (!f) return null;
  if (!f.updatedAt) return <p className="small t3">No relay has told how it is going; the first does within seconds.</p>;
  const limited = f.limitedUntil && toMs(f.limitedUntil) > now;
  const dropped = Object.entries(f.dropped).filter(([, n]) => n > 0);
  return (
    <>
      <dl className="fwd" aria-label="How forwarding is going">
        <div>
          <dt>Waiting</dt>
          <dd>{f.pending > 0 ? `${count(f.pending)}, ${duration(f.lagSeconds * 1000)} behind` : "nothing"}</dd>
        </div>
        <div>
          <dt>Sent on</dt>
          <dd>{f.lastSent ? `${count(f.sent)}, the last ${ago(f.lastSent, now)}` : "nothing yet"}</dd>
        </div>
        <div>
          <dt>Given up</dt>
          <dd>{dropped.length > 0 ? dropped.map(([reason, n]) => `${count(n)} ${reason}`).join(", ") : "nothing"}</dd>
        </div>
        <div>
          <dt>Told</dt>
          <dd>
            {ago(f.updatedAt, now)}
            {f.relays > 1 ? ` by ${plural(f.relays, "relay")}` : ""}
          </dd>
        </div>
      </dl>
      {limited && f.limitedUntil ? (
        <p className="note amber">
          <Icon name="alert" size="s" />
          The upstream asked to hold back for another {duration(toMs(f.limitedUntil) - now)}.
        </p>
      ) : f.lastError ? (
        <p className="note red">
          <Icon name="error" size="s" />
          The last attempt did not work: {f.lastError}.
        </p>
      ) : null}
    </>
  );
}

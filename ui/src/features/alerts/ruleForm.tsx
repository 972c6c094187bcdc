import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { errorMessage } from "@/api/client";
import { listAlertChannelsOptions, listMembersOptions, listTeamsOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Ask } from "@/components/Ask";
import { Icon } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import { DeliveryList } from "./DeliveryList";

/** What the forms of both kinds of rule have in common. */

/** What follows when a rule was saved or deleted: the list of rules, with the change in it. */
export function useBackToRules() {
  const org = useOrg();
  const navigate = useNavigate();
  const queries = useQueryClient();
  return {
    onSuccess: () => {
      void queries.invalidateQueries();
      void navigate({ to: "/organizations/$org/alerts/rules/", params: { org } });
    },
  };
}

/** The form's end: what went wrong, and what can be done. `remove` is missing while the rule is new. */
export function FormEnd({ failed, busy, ready, remove, children }: { failed: unknown; busy: boolean; ready: boolean; remove?: () => void; children?: ReactNode }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      {failed && !asking ? (
        <p className="note red" role="alert">
          <Icon name="error" size="s" />
          {errorMessage(failed)}
        </p>
      ) : null}
      <div className="al-foot">
        <button type="submit" className="btn pri tall" disabled={busy || !ready}>
          {remove ? "Save" : "Make the rule"}
        </button>
        {children}
        {remove ? (
          <>
            <span className="sp" />
            <button type="button" className="btn tall danger" disabled={busy} onClick={() => setAsking(true)}>
              Delete…
            </button>
          </>
        ) : null}
      </div>
      {asking && remove ? (
        <Ask title="Delete this rule?" action="Delete" busy={busy} error={failed} onYes={remove} onClose={() => setAsking(false)}>
          Nobody is told by it any more, also of what is wrong right now. What it has told stays in the delivery log. To keep it and be left alone for a while, mute it.
        </Ask>
      ) : null}
    </>
  );
}

/** What a rule told lately. */
export function Told({ rule }: { rule: string }) {
  return (
    <section className="sec" aria-labelledby="told">
      <div className="sec-h">
        <h2 id="told">What it told</h2>
      </div>
      <DeliveryList rule={Number(rule)} perPage={10} />
    </section>
  );
}

/** Who is told: a channel, the people an issue is assigned to, a member or a team. `other` is what came from elsewhere. */
export type Recipient = { to: "channel" | "member" | "team"; id: string } | { to: "assignee" } | { to: "other"; words: string };

const same = (a: Recipient, b: Recipient) => a.to === b.to && ("id" in a ? a.id : "") === ("id" in b ? b.id : "");

/** The list of who is told, with what can be added. Indexes are those of the list that is given. */
export function WhoIsTold({ sub, recipients, assignee, onAdd, onRemove }: { sub: string; recipients: Recipient[]; assignee: boolean; onAdd: (r: Recipient) => void; onRemove: (index: number) => void }) {
  const org = useOrg();
  const channels = useQuery(listAlertChannelsOptions({ path: { org } }));
  const members = useQuery(listMembersOptions({ path: { org } }));
  const teams = useQuery({ ...listTeamsOptions({ path: { org } }), staleTime: 60_000 });
  const say = (r: Recipient): string => {
    switch (r.to) {
      case "channel":
        return channels.isPending ? "send to a channel" : `send to ${channels.data?.find((c) => c.id === r.id)?.name ?? "a channel that was deleted"}`;
      case "assignee":
        return "mail the assignee, or else everybody";
      case "member":
        return `mail ${members.data?.find((m) => m.user?.id === r.id)?.email ?? `member ${r.id}`}`;
      case "team":
        return `mail the team #${teams.data?.find((t) => t.id === r.id)?.slug ?? r.id}`;
      case "other":
        return r.words;
    }
  };
  const offers: { label: string; is: Recipient }[] = [
    ...(channels.data ?? []).map((c) => ({ label: `Send to ${c.name}`, is: { to: "channel", id: c.id } as const })),
    ...(assignee ? [{ label: "Mail the assignee, or else everybody", is: { to: "assignee" } as const }] : []),
    ...(teams.data ?? []).map((t) => ({ label: `Mail the team #${t.slug}`, is: { to: "team", id: t.id } as const })),
    ...(members.data ?? []).flatMap((m) => (m.user?.id ? [{ label: `Mail ${m.email}`, is: { to: "member", id: m.user.id } as const }] : [])),
  ];
  return (
    <fieldset>
      <legend>
        Then <span>{sub}</span>
      </legend>
      {recipients.map((r, i) => (
        <div className="al-part" key={i}>
          <span>{i === 0 ? "Then" : "and"}</span>
          <span className="t1">{say(r)}</span>
          <span className="sp" />
          <button type="button" className="btn ico bare" aria-label={`Remove: ${say(r)}`} onClick={() => onRemove(i)}>
            <Icon name="x" size="s" />
          </button>
        </div>
      ))}
      <div className="al-add row">
        <Menu
          align="start"
          items={offers.filter((o) => !recipients.some((r) => same(r, o.is))).map((o) => ({ label: o.label, onSelect: () => onAdd(o.is) }))}
          trigger={
            <button type="button" className="btn">
              <Icon name="plus" size="s" />
              Add who is told
            </button>
          }
        />
        {channels.data?.length === 0 ? (
          <Link className="small" to="/organizations/$org/alerts/channels/" params={{ org }}>
            Connect Slack, a webhook, …
          </Link>
        ) : null}
      </div>
    </fieldset>
  );
}

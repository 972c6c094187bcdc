import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { errorMessage } from "@/api/client";
import type { AlertChannel } from "@/api/gen";
import { createAlertChannelMutation, deleteAlertChannelMutation, listAlertChannelsOptions, listAlertDeliveriesOptions, testAlertChannelMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Ask } from "@/components/Ask";
import { Dialog } from "@/components/Dialog";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";
import { AlertsFrame } from "./AlertsFrame";
import { DeliveryList } from "./DeliveryList";
import { channelKinds, kindLabel } from "./parts";

export function Channels() {
  const org = useOrg();
  const list = useQuery(listAlertChannelsOptions({ path: { org } }));
  const [making, setMaking] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const add = (
    <button type="button" className="btn pri" onClick={() => setMaking(true)}>
      <Icon name="plus" size="s" />
      New channel
    </button>
  );
  return (
    <AlertsFrame title="Channels" end={list.data?.length ? add : null}>
      <p className="small t3 al-p">Where rules send to. What gives access is encrypted and never shown again.</p>
      {list.isPending ? (
        <SkeletonRows rows={4} label="Loading channels" />
      ) : list.isError ? (
        <Failed what="the list" error={list.error} retry={() => void list.refetch()} />
      ) : list.data.length === 0 ? (
        <Middle icon="link" title="No channels yet" actions={add}>
          Mail to members needs none. Slack, Teams, Discord, PagerDuty, Telegram, ntfy and webhooks do.
        </Middle>
      ) : (
        <ul className="al-list">
          {list.data.map((c) => (
            <Channel key={c.id} channel={c} open={open === c.id} onOpen={() => setOpen(open === c.id ? null : c.id)} />
          ))}
        </ul>
      )}
      {open ? (
        <section className="sec" aria-labelledby="last">
          <div className="sec-h">
            <h2 id="last">Last deliveries</h2>
          </div>
          <DeliveryList channel={Number(open)} perPage={10} />
        </section>
      ) : null}
      {making ? <NewChannel onClose={() => setMaking(false)} /> : null}
    </AlertsFrame>
  );
}

function Channel({ channel, open, onOpen }: { channel: AlertChannel; open: boolean; onOpen: () => void }) {
  const org = useOrg();
  const now = useNow();
  const queries = useQueryClient();
  const last = useQuery({ ...listAlertDeliveriesOptions({ path: { org }, query: { channel: Number(channel.id), per_page: 1 } }), refetchInterval: 5_000 });
  const test = useMutation({ ...testAlertChannelMutation(), onSuccess: () => queries.invalidateQueries({ queryKey: [{ _id: "listAlertDeliveries" }] }) });
  const remove = useMutation({ ...deleteAlertChannelMutation(), onSuccess: () => queries.invalidateQueries() });
  const d = last.data?.[0];
  const [asking, setAsking] = useState(false);
  return (
    <li>
      <div className="al-main">
        <b>{channel.name}</b>
        <span className="small t3">
          {kindLabel(channel.kind)} · {channel.shown}
        </span>
        {test.isError ? (
          <span className="small red" role="alert">
            {errorMessage(test.error)}
          </span>
        ) : null}
      </div>
      {d ? (
        <span className={d.status === "failed" ? "badge red" : d.status === "pending" ? "badge amber" : "badge green"} title={d.error || undefined}>
          {d.status === "failed" ? "Failed" : d.status === "pending" ? "Waiting" : "Sent"} {ago(d.dateCreated, now)}
        </span>
      ) : (
        <span className="badge line">Not used yet</span>
      )}
      <button type="button" className="btn" disabled={test.isPending} onClick={() => test.mutate({ path: { org, channel: Number(channel.id) } }, { onSuccess: () => !open && onOpen() })}>
        Test
      </button>
      <button type="button" className="btn bare" aria-expanded={open} onClick={onOpen}>
        Log
      </button>
      <button type="button" className="btn ico bare" aria-label={`Delete ${channel.name}`} disabled={remove.isPending} onClick={() => setAsking(true)}>
        <Icon name="x" size="s" />
      </button>
      {asking ? (
        <Ask title={`Delete ${channel.name}?`} action="Delete" busy={remove.isPending} error={remove.error} onYes={() => remove.mutate({ path: { org, channel: Number(channel.id) } })} onClose={() => setAsking(false)}>
          Rules that send here tell nobody at this place from now on, and what waits for it is not sent. Its address and secrets are forgotten. Rules themselves stay.
        </Ask>
      ) : null}
    </li>
  );
}

function NewChannel({ onClose }: { onClose: () => void }) {
  const org = useOrg();
  const queries = useQueryClient();
  const [kind, setKind] = useState("slack");
  const [name, setName] = useState("");
  const [values, setValues] = useState<Record<string, string>>({});
  const form = channelKinds.find((k) => k.kind === kind);
  const create = useMutation({
    ...createAlertChannelMutation(),
    onSuccess: () => {
      void queries.invalidateQueries();
      onClose();
    },
  });
  return (
    <Dialog title="New channel" onClose={onClose}>
      <form
        className="al-form"
        style={{ padding: "0 16px 16px" }}
        onSubmit={(e) => {
          e.preventDefault();
          const config: Record<string, string | string[]> = {};
          for (const f of form?.fields ?? []) {
            const v = (values[f.key] ?? "").trim();
            if (v) config[f.key] = f.key === "to" ? v.split(/[\s,]+/).filter(Boolean) : v;
          }
          create.mutate({ path: { org }, body: { name: name.trim(), kind, config } });
        }}
      >
        <div className="al-two">
          <label className="lbl">
            Kind
            <select className="inp" value={kind} onChange={(e) => setKind(e.target.value)}>
              {channelKinds.map((k) => (
                <option key={k.kind} value={k.kind}>
                  {k.label}
                </option>
              ))}
            </select>
          </label>
          <label className="lbl">
            Name
            <input className="inp" required maxLength={200} value={name} onChange={(e) => setName(e.target.value)} placeholder="#backend-alerts" />
          </label>
        </div>
        <p className="small t3">{form?.how}</p>
        {form?.fields.map((f) => (
          <label className="lbl" key={f.key}>
            {f.label}
            {f.optional ? <small>may be left empty</small> : null}
            {f.key === "to" ? (
              <textarea className="inp" style={{ height: 72, paddingTop: 6 }} required value={values[f.key] ?? ""} placeholder={f.placeholder} onChange={(e) => setValues({ ...values, [f.key]: e.target.value })} />
            ) : (
              <input className="inp code" type={f.secret ? "password" : "text"} autoComplete="off" required={!f.optional} value={values[f.key] ?? ""} placeholder={f.placeholder} onChange={(e) => setValues({ ...values, [f.key]: e.target.value })} />
            )}
          </label>
        ))}
        {create.isError ? (
          <p className="note red" role="alert">
            <Icon name="error" size="s" />
            {errorMessage(create.error)}
          </p>
        ) : null}
        <div className="al-foot">
          <button type="submit" className="btn pri tall" disabled={create.isPending || name.trim() === ""}>
            Make the channel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

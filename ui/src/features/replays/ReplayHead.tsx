import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { deleteProjectReplay, type Replay } from "@/api/gen";
import { SideMark } from "@/components/basics";
import { Dialog } from "@/components/Dialog";
import { Icon } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import type { PlayerStore } from "@/components/player/playerStore";
import { usePlayer } from "@/components/player/Screen";
import type { ErrorMark } from "@/lib/chapters";
import { useCopy } from "@/lib/copy";
import { evidenceUrl } from "@/lib/evidence";
import { clock, count, dateTime } from "@/lib/format";
import type { View } from "@/lib/recording/frames";

interface Props {
  org: string;
  replay: Replay;
  store: PlayerStore;
  length: number;
  view: View | undefined;
  /** Null while they are on their way. */
  errors: readonly ErrorMark[] | null;
  start: number;
}

const named = (p: { name: string | null; version: string | null }) => [p.name, p.version?.split(".")[0]].filter(Boolean).join(" ");

/** The facts of a session in one line, and what can be done with it. */
export function ReplayHead({ org, replay: r, store, length, view, errors, start }: Props) {
  const facts = [named(r.browser), named(r.os), view && view.width > 0 ? `${view.width} × ${view.height}` : ""].filter(Boolean).join(" · ");
  return (
    <div className="rhead">
      <span className="f">
        <b>{r.started_at ? dateTime(r.started_at) : "–"}</b>
      </span>
      <span className="f">
        <b className="num">{clock(length)}</b> long
      </span>
      <span className="f hide-s">{facts}</span>
      {r.releases[0] ? <span className="f code hide-s cut">{r.releases[0]}</span> : null}
      <span className="f">
        <SideMark side="server">
          <b>{count(r.hindsight.countBackendErrors)}</b>
        </SideMark>
        {r.hindsight.countBackendErrors === 1 ? "server error" : "server errors"}
      </span>
      <span className="f">
        <SideMark side="browser">
          <b>{count(r.hindsight.countFrontendErrors)}</b>
        </SideMark>
        {r.hindsight.countFrontendErrors === 1 ? "browser error" : "browser errors"}
      </span>
      {r.count_rage_clicks > 0 ? (
        <span className="f">
          <Icon name="rage" size="s" />
          <b>{r.count_rage_clicks}</b> {r.count_rage_clicks === 1 ? "rage click" : "rage clicks"}
        </span>
      ) : null}
      <span className="sp" />
      <CopyAtTime store={store} />
      <More org={org} replay={r} ready={errors !== null} errorNow={() => nearest(errors ?? [], start + store.state.at)} />
    </div>
  );
}

function CopyAtTime({ store }: { store: PlayerStore }) {
  const second = usePlayer(store, (s) => Math.floor(s.at / 1000));
  const { copied, copy } = useCopy();
  return (
    <button
      type="button"
      className="btn"
      onClick={() => {
        const url = new URL(window.location.href);
        url.searchParams.delete("event_t");
        url.searchParams.set("t", String(second));
        copy(url.toString());
      }}
    >
      <Icon name={copied ? "check" : "link"} size="s" />
      {copied ? "Copied" : `Copy link at ${clock(second * 1000)}`}
    </button>
  );
}

/** The error a moment is about: the last before it, else the first. */
const nearest = (errors: readonly ErrorMark[], at: number): ErrorMark | undefined => errors.findLast((e) => e.at <= at + 1000) ?? errors[0];

/** A menu whose lines would move under the pointer does not open: it waits for the errors. */
function More({ org, replay, ready, errorNow }: { org: string; replay: Replay; ready: boolean; errorNow: () => ErrorMark | undefined }) {
  const save = () => {
    const error = errorNow();
    if (error?.project) window.location.assign(evidenceUrl(org, error.project, error.id, replay.id));
  };
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Menu
        items={[...(errorNow() ? [{ label: "Save evidence of the error here", icon: "share" as const, onSelect: save }, "rule" as const] : []), { label: "Delete this replay…", icon: "x", onSelect: () => setAsking(true) }]}
        trigger={
          <button type="button" className="btn ico" aria-label="More" disabled={!ready}>
            <Icon name="dots" size="s" />
          </button>
        }
      />
      {asking && replay.project_id ? <DeleteReplay org={org} project={replay.project_id} id={replay.id} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

function DeleteReplay({ org, project, id, onClose }: { org: string; project: string; id: string; onClose: () => void }) {
  const navigate = useNavigate();
  const [failed, setFailed] = useState<string | null>(null);
  const go = () =>
    deleteProjectReplay({ path: { org, project, replay: id }, throwOnError: true }).then(
      () => navigate({ to: "/organizations/$org/replays/", params: { org } }),
      (error: unknown) => setFailed(error instanceof Error ? error.message : "Not deleted."),
    );
  return (
    <Dialog title="Delete this replay?" onClose={onClose}>
      <div className="ask">
        <p>The recording, its chapters and its clicks go for good. The errors stay and say who deleted it and when.</p>
        {failed ? (
          <p className="red" role="alert">
            {failed}
          </p>
        ) : null}
        <div className="row">
          <button type="button" className="btn danger" onClick={() => void go()}>
            Delete
          </button>
          <button type="button" className="btn" onClick={onClose}>
            Keep it
          </button>
        </div>
      </div>
    </Dialog>
  );
}

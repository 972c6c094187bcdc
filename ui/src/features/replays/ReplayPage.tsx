import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { markReplayViewed, type Replay } from "@/api/gen";
import { getReplayOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Avatar } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { useRecording } from "@/components/player/useRecording";
import { Failed, Middle, SkeletonLines } from "@/components/states";
import { whoOf } from "@/components/who";
import { plural } from "@/lib/format";
import { Desk } from "./Desk";
import { momentOf } from "./startAt";
import { askAgain, isLive, useSession } from "./useSession";
import "./replay.css";

export function ReplayPage() {
  const { replay } = useParams({ from: "/organizations/$org/replays/$replay" });
  return <OneReplay key={replay} id={replay} />;
}

function OneReplay({ id }: { id: string }) {
  const org = useOrg();
  const search = useSearch({ from: "/organizations/$org/replays/$replay" });
  const replay = useQuery({
    ...getReplayOptions({ path: { org, replay: id } }),
    // A session that still goes on grows.
    refetchInterval: (q) => askAgain(q.state.data?.data),
  });
  const r = replay.data?.data;
  const project = r?.project_id ?? null;
  const [ask] = useState(() => ({ org, replay: id, ...momentOf(search) })); // later changes of the address are ours
  const recording = useRecording({ ...ask, enabled: r?.hindsight.plays ?? false, count: r?.count_segments });
  const { session, links, isError, error, refetch } = useSession(org, r, null, recording.names);
  const who = r ? whoOf(r) : "";
  useTitle(who ? `Replay of ${who}` : "Replay");
  useEffect(() => {
    if (project) void markReplayViewed({ path: { org, project, replay: id } });
  }, [org, project, id]);
  return (
    <div className="flush">
      <h1 className="vh">{who ? `Replay of ${who}` : "Replay"}</h1>
      <Crumb>
        <Link to="/organizations/$org/replays/" params={{ org }}>
          Replays
        </Link>
        <Icon name="right" size="xs" />
        {r ? (
          <>
            <Avatar name={who} />
            <b className="cut">{who}</b>
            {isLive(r) ? <span className="badge green">recording</span> : null}
          </>
        ) : null}
      </Crumb>
      {replay.isError && !r ? (
        <Failed what="this replay" error={replay.error} retry={() => void replay.refetch()} />
      ) : !r ? (
        <div className="pad">
          <SkeletonLines lines={12} label="Loading the replay" />
        </div>
      ) : !r.hindsight.plays ? (
        <Absent replay={r} />
      ) : (
        <Desk key={id} org={org} replay={r} recording={recording} session={session} sessionError={isError ? { error, retry: refetch } : null} links={links} />
      )}
    </div>
  );
}

function Absent({ replay }: { replay: Replay }) {
  const { state, unplayableSegments } = replay.hindsight;
  if (state === "deleted") return <Middle icon="x" title="This replay was deleted">Its errors and traces stay.</Middle>;
  if (unplayableSegments > 0) return <Middle icon="error" tone="red" title="This recording does not play">{plural(unplayableSegments, "piece")} came in and cannot be read. They are kept as they came.</Middle>;
  return (
    <Middle icon="gap" title="Nothing recorded yet">
      An event named this replay, but no piece of it has come in. This page turns into the player by itself when one does.
    </Middle>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { UserReportDetails } from "@/api/gen";
import { getReplayOptions } from "@/api/gen/@tanstack/react-query.gen";
import { Icon } from "@/components/Icon";
import { recordingEnd } from "@/components/player/recordingEnd";
import { usePlayerStore } from "@/components/player/Screen";
import { useRecording } from "@/components/player/useRecording";
import { Failed, Middle } from "@/components/states";
import { CLIP_MS, ReplayClip } from "@/features/issues/ReplayClip";
import { clock } from "@/lib/format";
import { useKeys } from "@/lib/keys";

/** What they saw as they wrote: the clip around the moment the message was sent, or why there is none. */
export function FeedbackReplay({ org, report: f }: { org: string; report: UserReportDetails }) {
  const { replay: link } = f;
  const replay = useQuery({ ...getReplayOptions({ path: { org, replay: link?.id ?? "" } }), enabled: link !== null, retry: false });
  const r = replay.data?.data;
  const sent = Date.parse(f.dateCreated);
  const recording = useRecording({ org, replay: link?.id ?? "", at: sent, enabled: link?.plays ?? false, count: r?.count_segments ?? 0 });
  const store = usePlayerStore();
  useKeys({ " ": store.toggle }, link?.plays ?? false);
  if (!link) {
    return (
      <aside className="fbp-r" aria-label="Replay">
        <div className="player">
          <Middle icon="replay" title="No replay">
            The message names no recording. Add <span className="code">replayIntegration()</span> beside <span className="code">feedbackIntegration()</span>: it is recorded when somebody opens the form.
          </Middle>
        </div>
      </aside>
    );
  }
  if (!link.plays) {
    return (
      <aside className="fbp-r" aria-label="Replay">
        <div className="player">
          <Middle icon="replay" title="The recording did not arrive">
            The message names replay <span className="code">{link.id.slice(0, 8)}</span>, and none of its pieces plays. It appears here by itself if it still comes.
          </Middle>
        </div>
      </aside>
    );
  }
  const start = recording.start ?? (r?.started_at ? Date.parse(r.started_at) : null);
  const end = Math.max(start ?? 0, recordingEnd(recording, recording.head, r?.finished_at ? Date.parse(r.finished_at) : 0));
  const at = Math.max(0, link.at * 1000 - CLIP_MS);
  return (
    <aside className="fbp-r" aria-label="Replay">
      {recording.isError ? (
        <div className="player">
          <Failed what="the recording" error={recording.error} retry={recording.refetch} />
        </div>
      ) : recording.head && start !== null ? (
        <ReplayClip store={store} recording={recording} session={null} start={start} end={end} error={sent} what="the message" marks={[]} label="Replay of the message" />
      ) : (
        <div className="player fbp-sk" role="status" aria-label="Loading the recording">
          <i className="sk" />
        </div>
      )}
      <Link className="btn full" to="/organizations/$org/replays/$replay/" params={{ org, replay: link.id }} search={{ t: Math.floor(at / 1000) }}>
        <Icon name="replay" size="s" />
        Open full replay at {clock(at)}
        {r ? <span className="t3 reg">of {clock(r.duration * 1000)}</span> : null}
      </Link>
    </aside>
  );
}

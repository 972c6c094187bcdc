import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { Replay, ReplayLink } from "@/api/gen";
import { getReplayFramesOptions, listReplayChaptersOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useProjects } from "@/app/hooks";
import { toMarks } from "@/components/player/marks";
import { readChapters, type Chapter, type ChapterRequest, type ErrorMark } from "@/lib/chapters";
import { readFrames, type Frame, type View } from "@/lib/recording/frames";
import { withNames, type Name } from "@/lib/recording/names";
import type { Trace } from "@/lib/trace";
import { toItems, type ItemMark } from "./items";
import { replayItemsOptions, replayLinksOptions } from "./queries";

/** All that is known of a session without its pictures: what every panel is drawn from. */
export interface Session {
  start: number;
  end: number;
  frames: Frame[];
  views: View[];
  chapters: Chapter[];
  /** Requests no act set off. */
  background: ChapterRequest[];
  /** Of both sides, in order of time; also those before and after the recording. */
  errors: ErrorMark[];
  /** What else was reported of it by then: feedback, logs, runs of jobs, slow and failed work. */
  items: ItemMark[];
  /** More frames were recorded than are told. */
  truncated: boolean;
}

const LIVE_MS = 30_000; // recorders send every five seconds; a hidden tab and a slow network take longer
const OVER_MS = 15 * 60_000; // a session without any act ends then: until then it may go on

const quiet = (r: Replay | undefined): number => (r?.hindsight.lastReceived != null ? Date.now() - Date.parse(r.hindsight.lastReceived) : Infinity);

/** Pieces are coming in. */
export const isLive = (r: Replay | undefined): boolean => quiet(r) < LIVE_MS;

/** When to ask again whether a replay has grown, ms: seldom while nobody does anything, never once it is over. */
export const askAgain = (r: Replay | undefined): number | false => (r?.hindsight.state === "pending" || isLive(r) ? 5000 : quiet(r) < OVER_MS ? 15_000 : false);

const none: ReplayLink[] = [];
const noItems: ItemMark[] = [];

/** A session from its frames, chapters and links; asked again while it goes on. `trace` fills up what servers did, `names` what elements were called. */
export function useSession(org: string, replay: Replay | undefined, trace: Trace | null, names: readonly Name[]) {
  const id = replay?.id ?? "";
  const enabled = replay !== undefined && replay.hindsight.state !== "deleted" && replay.count_segments > 0;
  const refetchInterval = isLive(replay) ? 5000 : (false as const);
  const frames = useQuery({ ...getReplayFramesOptions({ path: { org, replay: id } }), enabled, refetchInterval });
  const chapters = useQuery({ ...listReplayChaptersOptions({ path: { org, replay: id } }), enabled, refetchInterval });
  const links = useQuery({ ...replayLinksOptions(org, id), enabled: replay !== undefined, refetchInterval });
  const found = useQuery({ ...replayItemsOptions(org, id), enabled, refetchInterval });
  const items = useMemo(() => (found.data ? toItems(found.data.items) : noItems), [found.data]);
  const { projects } = useProjects();
  // The screen comes first, so that its page begins to load; reading and drawing a long session is done meanwhile, but in
  // one go: a deferred value would begin again with each word of the player, and chapters come before its picture.
  const [placed, setPlaced] = useState(false);
  useEffect(() => {
    const next = window.setTimeout(() => setPlaced(true)); // a task of its own: the screen is on the page by then
    return () => window.clearTimeout(next);
  }, []);
  const framed = placed ? (frames.data ?? null) : null;
  const read = useMemo(() => (framed ? readFrames(framed.frames) : null), [framed]);
  const marks = useMemo(() => toMarks(links.data ?? none), [links.data]);
  const named = useMemo(() => (read ? withNames(read.frames, names) : null), [read, names]);
  const session = useMemo((): Session | null => {
    if (!framed || !read || !named || !chapters.data) return null;
    const slugs = new Map(projects.map((p) => [Number(p.id), p.slug]));
    const told = readChapters({ chapters: chapters.data.chapters, frames: named, trace, marks, slugOf: (n) => slugs.get(n) ?? "" });
    const errors = [...told.chapters.flatMap((c) => c.errors), ...told.loose];
    const known = new Set(errors.map((e) => e.id));
    return {
      // The player's time begins with the first page drawn; a replay, with its navigation before that.
      start: read.views[0]?.at ?? (framed.startedAt ? Date.parse(framed.startedAt) : (read.frames[0]?.at ?? 0)),
      end: framed.finishedAt ? Date.parse(framed.finishedAt) : (read.frames.at(-1)?.end ?? 0),
      frames: named,
      views: read.views,
      chapters: told.chapters,
      background: told.background,
      errors: withShortIds([...errors, ...marks.filter((m) => !known.has(m.id))]).sort((a, b) => a.at - b.at),
      items,
      truncated: framed.truncated,
    };
  }, [framed, read, named, chapters.data, projects, trace, marks, items]);
  return {
    session,
    links: links.data ?? none,
    isError: frames.isError || chapters.isError,
    error: frames.error ?? chapters.error,
    refetch: () => void Promise.all([frames.refetch(), chapters.refetch()]),
  };
}

/** Chapters tell an error's issue by its number, links by its short id too: one link of an issue names all its errors. */
export function withShortIds(errors: readonly ErrorMark[]): ErrorMark[] {
  const names = new Map(errors.flatMap((e): [string, string][] => (e.shortId && e.issueId ? [[e.issueId, e.shortId]] : [])));
  return errors.map((e) => (e.shortId ? e : { ...e, shortId: names.get(e.issueId) ?? "" }));
}

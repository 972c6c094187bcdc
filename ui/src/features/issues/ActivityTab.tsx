import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { createNote, deleteNote, listActivities, type Activity, type IssueDetail } from "@/api/gen";
import { listActivitiesQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { toPage } from "@/api/client";
import { useMe } from "@/app/hooks";
import { Avatar } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonRows } from "@/components/states";
import { ago, dateTime } from "@/lib/format";
import { useNow } from "@/lib/now";
import { activityWords } from "./activity";

/** What happened to an issue and what people said about it, the newest first. */
export function ActivityTab({ org, issue }: { org: string; issue: IssueDetail | undefined }) {
  if (!issue) return <SkeletonRows rows={3} label="Loading activity" />;
  return <Timeline org={org} id={issue.id} />;
}

function Timeline({ org, id }: { org: string; id: string }) {
  const path = { org, issue: id };
  const queries = useQueryClient();
  const key = listActivitiesQueryKey({ path });
  const me = useMe();
  const now = useNow();
  const list = useInfiniteQuery({
    queryKey: [...key, "pages"],
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) => toPage(await listActivities({ path, query: { per_page: 50, ...(pageParam ? { cursor: pageParam } : {}) }, signal, throwOnError: true })),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const again = () => queries.invalidateQueries({ predicate: (q) => ["listActivities", "getIssue", "listIssues"].includes((q.queryKey[0] as { _id?: string } | undefined)?._id ?? "") });
  const remove = useMutation({ mutationFn: (note: string) => deleteNote({ path: { ...path, note }, throwOnError: true }), onSettled: again });
  if (list.isPending) return <SkeletonRows rows={3} label="Loading activity" />;
  if (list.isError) return <Failed what="the activity" error={list.error} retry={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((p) => p.rows.activity);
  return (
    <div className="activity-tab">
      <NoteForm org={org} id={id} onSaved={() => void again()} />
      <ol className="activity">
        {rows.map((a) => (
          <Row key={a.id} activity={a} when={ago(a.dateCreated, now)} onRemove={a.type === "note" && me && a.user?.id === me.id ? () => remove.mutate(a.id) : undefined} />
        ))}
      </ol>
      {remove.isError ? <p className="small red" role="alert">Not removed: {remove.error.message}</p> : null}
      {list.hasNextPage ? (
        <button type="button" className="btn" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          Show older
        </button>
      ) : null}
    </div>
  );
}

function Row({ activity: a, when, onRemove }: { activity: Activity; when: string; onRemove?: () => void }) {
  const who = a.user ? a.user.name || a.user.email : "Hindsight";
  const text = a.type === "note" && typeof a.data.text === "string" ? a.data.text : null;
  return (
    <li className={text === null ? undefined : "note-row"}>
      <Avatar name={a.user ? who : null} title={who} />
      <div className="grow">
        <span className="row">
          <b className="t1 med">{who}</b>
          <span>{activityWords(a)}</span>
          <span className="sp" />
          {onRemove ? (
            <button type="button" className="btn bare" aria-label="Delete comment" onClick={onRemove}>
              <Icon name="x" size="s" />
            </button>
          ) : null}
          <time className="t3 nowrap" dateTime={a.dateCreated} title={dateTime(a.dateCreated)}>
            {when}
          </time>
        </span>
        {text === null ? null : <p className="note-text">{text}</p>}
      </div>
    </li>
  );
}

function NoteForm({ org, id, onSaved }: { org: string; id: string; onSaved: () => void }) {
  const [text, setText] = useState("");
  const save = useMutation({
    mutationFn: () => createNote({ path: { org, issue: id }, body: { text: text.trim() }, throwOnError: true }),
    onSuccess: () => {
      setText("");
      onSaved();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (text.trim() !== "") save.mutate();
  };
  return (
    <form className="note-form" onSubmit={submit}>
      <label className="vh" htmlFor="note">
        Comment
      </label>
      <textarea
        id="note"
        rows={3}
        maxLength={10_000}
        placeholder="Say what you found. Text only."
        value={text}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.metaKey || e.ctrlKey)) submit(e);
        }}
      />
      <div className="row">
        <span className="sp" />
        {save.isError ? (
          <span className="small red" role="alert">
            Not saved: {save.error.message}
          </span>
        ) : null}
        <button type="submit" className="btn pri" disabled={save.isPending || text.trim() === ""}>
          Comment
        </button>
      </div>
    </form>
  );
}

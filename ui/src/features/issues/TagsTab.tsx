import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { listIssueTagValues, type TagDetail, type TagValue } from "@/api/gen";
import { listIssueTagValuesQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { toPage } from "@/api/client";
import { useScope } from "@/app/hooks";
import { cx } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { quoteValue } from "@/components/searchSuggest";
import { Failed, Middle, SkeletonLines } from "@/components/states";
import { ago, count, plural } from "@/lib/format";
import { useNow } from "@/lib/now";
import { issueTagsOptions } from "./queries";
import { shares, shareWords } from "./tagShares";
import s from "./tags.module.css";

/** How the events of an issue are spread over the values of each tag. */
export function TagsTab({ org, issue }: { org: string; issue: string }) {
  const scope = useScope();
  const [wanted, setWanted] = useState("");
  const list = useQuery({ ...issueTagsOptions(org, issue, scope.environment), placeholderData: keepPreviousData });
  if (list.isPending) return <SkeletonLines lines={12} label="Loading tags" />;
  if (list.isError && !list.data) return <Failed what="the tags" error={list.error} retry={() => void list.refetch()} />;
  const all = list.data ?? [];
  if (all.length === 0) return <Middle icon="filter" title={scope.environment ? "No tags in this environment" : "No tags"}>Events say where they ran, and what your app sets with setTag.</Middle>;
  const rows = all.filter((t) => t.key.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <>
      <div className={s.head}>
        <label className={cx("field", s.find)}>
          <Icon name="search" size="s" className="t4" />
          <input aria-label="Find a tag" placeholder="Find a tag" value={wanted} onChange={(e) => setWanted(e.target.value)} />
        </label>
        <span className="small t3 num">{plural(all.length, "tag")}</span>
      </div>
      {rows.length === 0 ? <Middle icon="filter" title="No tag has this name" /> : null}
      <div className={s.grid}>
        {rows.map((t) => (
          <Tag key={t.key} org={org} issue={issue} tag={t} />
        ))}
      </div>
    </>
  );
}

function Tag({ org, issue, tag }: { org: string; issue: string; tag: TagDetail }) {
  const [open, setOpen] = useState(false);
  const more = tag.uniqueValues - tag.topValues.length;
  const { rest } = shares(tag.topValues, tag.totalValues);
  return (
    <section className={cx(s.tag, open && s.open)} aria-label={tag.key}>
      <h3 className={s.name}>
        <span className="code t1 cut" title={tag.key}>
          {tag.key}
        </span>
        <span className="small t3 num">
          {plural(tag.uniqueValues, "value")}
          {tag.cut ? " or more" : ""}
        </span>
      </h3>
      {open ? (
        <AllValues org={org} issue={issue} tag={tag} />
      ) : (
        <ul>
          {tag.topValues.map((v) => (
            <Value key={v.value} org={org} issue={issue} tag={tag.key} value={v} total={tag.totalValues} />
          ))}
          {more > 0 && rest > 0 ? (
            <li className={s.value}>
              <span className="t3">Other</span>
              <Bar part={rest} whole={tag.totalValues} other />
            </li>
          ) : null}
        </ul>
      )}
      {more > 0 || open ? (
        <button type="button" className={cx("small acc", s.more)} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Fewer" : tag.cut ? "More values" : `All ${count(tag.uniqueValues)} values`}
        </button>
      ) : null}
    </section>
  );
}

function Value({ org, issue, tag, value, total, when }: { org: string; issue: string; tag: string; value: TagValue; total: number; when?: string }) {
  return (
    <li className={s.value}>
      <Link className="cut" to="/organizations/$org/issues/$issue/" params={{ org, issue }} search={{ tab: "events", query: `${tag}:${quoteValue(value.value)}` }} title={value.value || "empty"}>
        {value.name || <i className="t3">empty</i>}
      </Link>
      {when ? <span className={cx("t3 nowrap hide-s", s.when)}>{when}</span> : null}
      <Bar part={value.count} whole={total} />
    </li>
  );
}

function Bar({ part, whole, other }: { part: number; whole: number; other?: boolean }) {
  return (
    <>
      <span className={s.bar} aria-hidden="true">
        <i className={other ? s.other : undefined} style={{ width: `${Math.min(100, (part / Math.max(1, whole)) * 100)}%` }} />
      </span>
      <span className={cx("num", s.pct)} title={plural(part, "event")}>
        {shareWords(part, whole)}
      </span>
      <span className={cx("num t3", s.n)}>{count(part)}</span>
    </>
  );
}

/** Every value that is kept, by page. */
function AllValues({ org, issue, tag }: { org: string; issue: string; tag: TagDetail }) {
  const now = useNow();
  const [cursor, setCursor] = useState<string | undefined>();
  const options = { path: { org, issue, tag: tag.key }, query: { per_page: 25, ...(cursor ? { cursor } : {}) } };
  const list = useQuery({
    queryKey: listIssueTagValuesQueryKey(options),
    queryFn: async ({ signal }) => toPage(await listIssueTagValues({ ...options, signal, throwOnError: true })),
    placeholderData: keepPreviousData,
  });
  if (list.isError && !list.data) return <Failed what="the values" error={list.error} retry={() => void list.refetch()} />;
  const values = list.data?.rows ?? tag.topValues;
  return (
    <>
      <ul className={s.all}>
        {values.map((v) => (
          <Value key={v.value} org={org} issue={issue} tag={tag.key} value={v} total={tag.totalValues} when={`last ${ago(v.lastSeen, now)}`} />
        ))}
      </ul>
      {list.data?.next || list.data?.previous ? (
        <div className="pager">
          <button type="button" className="btn ico" aria-label="Previous values" disabled={!list.data.previous} onClick={() => setCursor(list.data.previous ?? undefined)}>
            <Icon name="left" size="s" />
          </button>
          <button type="button" className="btn ico" aria-label="Next values" disabled={!list.data.next} onClick={() => setCursor(list.data.next ?? undefined)}>
            <Icon name="right" size="s" />
          </button>
        </div>
      ) : null}
    </>
  );
}

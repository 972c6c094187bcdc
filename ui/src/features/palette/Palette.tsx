import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { listIssues } from "@/api/gen";
import { listIssuesQueryKey, searchIdOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { fromSide, SideMark } from "@/components/basics";
import { Dialog } from "@/components/Dialog";
import { Icon, type IconName } from "@/components/Icon";
import { toggleTheme } from "@/lib/preferences";
import { readPasted } from "./pasted";

interface Row {
  key: string;
  icon: IconName;
  title: React.ReactNode;
  detail?: React.ReactNode;
  go: () => void;
}

const icons: Record<string, IconName> = { event: "error", issue: "issue", trace: "trace", replay: "replay", span: "trace" };

/** Search, or paste any id: it says what the id is, enter lands on it. */
export function Palette({ onClose }: { onClose: () => void }) {
  const org = useOrg();
  const navigate = useNavigate();
  const router = useRouter();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const pasted = readPasted(text);
  const ids = useQuery({ ...searchIdOptions({ path: { org }, query: { id: pasted.id ?? "" } }), enabled: pasted.id !== null, retry: false });
  const words = text.trim();
  const issuesOptions = { path: { org }, query: { query: words, limit: 6, statsPeriod: "90d", collapse: ["stats"] } };
  const issues = useQuery({
    queryKey: listIssuesQueryKey(issuesOptions),
    queryFn: async ({ signal }) => (await listIssues({ ...issuesOptions, signal, throwOnError: true })).data,
    enabled: words.length >= 2 && pasted.id === null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const land = (url: string) => {
    onClose();
    router.history.push(url);
  };
  const groups: { name: string; rows: Row[] }[] = [];
  const hits = ids.data?.data ?? [];
  if (pasted.id !== null && hits.length > 0) {
    groups.push({
      name: "This id is",
      rows: hits.map((h) => ({ key: h.kind + h.id, icon: icons[h.kind] ?? "search", title: `${h.kind === "issue" || h.kind === "event" ? "An" : "A"} ${h.kind}`, detail: [h.title, h.projectSlug].filter(Boolean).join(" · "), go: () => land(h.url) })),
    });
  }
  const found = words.length >= 2 && pasted.id === null ? (issues.data ?? []) : [];
  if (found.length > 0) {
    groups.push({
      name: "Issues",
      rows: found.map((i) => ({
        key: i.id,
        icon: "issue",
        title: i.title,
        detail: <SideMark side={fromSide(i.hindsight.side)}>{i.shortId}</SideMark>,
        go: () => land(`/organizations/${org}/issues/${i.id}/`),
      })),
    });
  }
  const actions: Row[] = [
    { key: "issues", icon: "issue", title: "Issues", go: () => (onClose(), void navigate({ to: "/organizations/$org/issues/", params: { org } })) },
    { key: "replays", icon: "replay", title: "Replays", go: () => (onClose(), void navigate({ to: "/organizations/$org/replays/", params: { org } })) },
    { key: "projects", icon: "gear", title: "Projects and DSNs", go: () => (onClose(), void navigate({ to: "/organizations/$org/settings/projects/", params: { org } })) },
    { key: "new", icon: "plus", title: "Create a project", go: () => (onClose(), void navigate({ to: "/organizations/$org/settings/projects/new/", params: { org } })) },
    { key: "theme", icon: "sun", title: "Switch between dark and light", go: () => (onClose(), toggleTheme()) },
  ];
  const matching = actions.filter((a) => String(a.title).toLowerCase().includes(words.toLowerCase()));
  if (pasted.id === null && matching.length > 0) groups.push({ name: "Go to", rows: matching });
  const rows = groups.flatMap((g) => g.rows);
  const current = Math.min(at, Math.max(0, rows.length - 1));
  return (
    <Dialog title="Search, or paste any id" hideTitle onClose={onClose}>
        <div className="pal-q">
          <Icon name="search" size="s" />
          <input
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls="pal-list"
            aria-autocomplete="list"
            aria-activedescendant={rows.length > 0 ? `pal-${current}` : undefined}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(e) => (setText(e.target.value), setAt(0))}
            placeholder="Search issues, or paste an event, trace, replay or span id"
            aria-label="Search, or paste any id"
            onKeyDown={(e) => {
              if (e.key === "ArrowDown" || e.key === "ArrowUp") {
                e.preventDefault();
                setAt((current + (e.key === "ArrowDown" ? 1 : rows.length - 1)) % Math.max(1, rows.length));
              } else if (e.key === "Enter") {
                e.preventDefault();
                rows[current]?.go();
              }
            }}
          />
        </div>
      <div className="pal-l scroll-y">
        <div id="pal-list" role="listbox" aria-label="Results">
        {groups.map((g) => (
          <div key={g.name} role="group" aria-label={g.name}>
            <p className="pal-h" aria-hidden="true">{g.name}</p>
            <ul role="presentation">
              {g.rows.map((r) => (
                <li key={r.key} role="presentation">
                  <button type="button" role="option" id={`pal-${rows.indexOf(r)}`} tabIndex={-1} aria-selected={rows[current] === r} className={rows[current] === r ? "on" : undefined} onClick={r.go} onMouseMove={() => setAt(rows.indexOf(r))}>
                    <Icon name={r.icon} />
                    <span className="cut t1">{r.title}</span>
                    <span className="cut t3">{r.detail}</span>
                    {rows[current] === r ? <kbd>↵</kbd> : null}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        ))}
        </div>
        {pasted.id !== null && ids.isLoading ? <p className="pal-n t3">Looking for {pasted.id}…</p> : null}
        {pasted.id !== null && !ids.isLoading && hits.length === 0 ? <p className="pal-n t3">Nothing here has the id {pasted.id}. If it was just sent, it may take some seconds.</p> : null}
        {pasted.id === null && rows.length === 0 ? <p className="pal-n t3">Nothing matches “{words}”.</p> : null}
      </div>
      <div className="pal-f">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> move
        </span>
        <span>
          <kbd>↵</kbd> open
        </span>
        <span className="sp" />
        <span>
          <kbd>esc</kbd> close
        </span>
      </div>
    </Dialog>
  );
}

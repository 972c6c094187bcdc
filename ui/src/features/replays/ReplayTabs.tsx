import { useEffect, useRef, type FC } from "react";
import type { ReplayTab } from "@/app/router";
import { count } from "@/lib/format";
import { ChaptersTab } from "./tabs/ChaptersTab";
import { ConsoleTab } from "./tabs/ConsoleTab";
import { DomTab } from "./tabs/DomTab";
import { ErrorsTab } from "./tabs/ErrorsTab";
import { FeedbackTab, isWork, LogsTab } from "./tabs/ItemTabs";
import { MemoryTab } from "./tabs/MemoryTab";
import { NetworkTab } from "./tabs/NetworkTab";
import type { TabProps } from "./tabs/props";
import { TagsTab } from "./tabs/TagsTab";
import { TraceTab } from "./tabs/TraceTab";

interface Entry {
  value: ReplayTab;
  label: string;
  Tab: FC<TabProps>;
  n?: (p: TabProps) => number;
  /** Most sessions have none of it: the tab is there when this one has. */
  rare?: boolean;
}

const all: Entry[] = [
  { value: "chapters", label: "Chapters", Tab: ChaptersTab, n: (p) => p.session.chapters.length },
  { value: "console", label: "Console", Tab: ConsoleTab, n: (p) => p.session.frames.reduce((n, f) => n + Number(f.kind === "console"), 0) },
  { value: "network", label: "Network", Tab: NetworkTab, n: (p) => p.session.chapters.reduce((n, c) => n + c.requests.length, p.session.background.length) },
  { value: "errors", label: "Errors", Tab: ErrorsTab, n: (p) => p.session.errors.length },
  { value: "feedback", label: "Feedback", Tab: FeedbackTab, n: (p) => p.session.items.filter((i) => i.kind === "feedback").length, rare: true },
  { value: "logs", label: "Logs", Tab: LogsTab, n: (p) => p.session.items.filter((i) => i.kind === "log").length, rare: true },
  { value: "trace", label: "Trace", Tab: TraceTab, n: (p) => p.session.items.filter(isWork).length },
  { value: "dom", label: "DOM", Tab: DomTab },
  { value: "tags", label: "Tags", Tab: TagsTab },
  { value: "memory", label: "Memory", Tab: MemoryTab },
];

export function ReplayTabs({ tab, onTab, props }: { tab: ReplayTab; onTab: (tab: ReplayTab) => void; props: TabProps }) {
  const tabs = all.filter((t) => !t.rare || t.value === tab || (t.n?.(props) ?? 0) > 0);
  const { Tab } = tabs.find((t) => t.value === tab) ?? { Tab: ChaptersTab };
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const on = document.getElementById(`tab-${tab}`)?.getBoundingClientRect();
    const room = list.current?.getBoundingClientRect();
    if (!on || !room || !list.current) return;
    if (on.left < room.left) list.current.scrollLeft -= room.left - on.left;
    else if (on.right > room.right) list.current.scrollLeft += on.right - room.right;
  }, [tab, tabs.length]);
  const move = (by: number) => {
    const i = tabs.findIndex((t) => t.value === tab);
    const next = tabs[(i + by + tabs.length) % tabs.length];
    if (!next) return;
    onTab(next.value);
    document.getElementById(`tab-${next.value}`)?.focus();
  };
  return (
    <>
      <div
        ref={list}
        className="tabs"
        role="tablist"
        aria-label="What happened"
        tabIndex={-1}
        onKeyDown={(e) => {
          if (e.key !== "ArrowRight" && e.key !== "ArrowLeft") return;
          e.preventDefault();
          e.stopPropagation();
          move(e.key === "ArrowRight" ? 1 : -1);
        }}
      >
        {tabs.map((t) => {
          const n = t.n?.(props) ?? 0;
          return (
            <button key={t.value} id={`tab-${t.value}`} type="button" role="tab" aria-selected={t.value === tab} aria-controls="panel" tabIndex={t.value === tab ? 0 : -1} onClick={() => onTab(t.value)}>
              {t.label}
              {n > 0 ? <span className="n">{count(n)}</span> : null}
            </button>
          );
        })}
      </div>
      <div id="panel" role="tabpanel" tabIndex={0} aria-labelledby={`tab-${tab}`} className="panel scroll-y">
        <Tab {...props} />
      </div>
    </>
  );
}

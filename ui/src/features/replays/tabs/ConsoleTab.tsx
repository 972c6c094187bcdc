import { useMemo, useState } from "react";
import { cx, Segmented } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Middle } from "@/components/states";
import { clock, plural } from "@/lib/format";
import type { Frame } from "@/lib/recording/frames";
import { FollowList, useCurrent } from "./FollowList";
import type { TabProps } from "./props";

type Show = "all" | "warning" | "error";
const wanted: Record<Show, (f: Frame) => boolean> = { all: () => true, warning: (f) => f.level === "warning" || f.level === "error", error: (f) => f.level === "error" };

export function ConsoleTab({ store, session, start, short }: TabProps) {
  const [show, setShow] = useState<Show>("all");
  const all = useMemo(() => session.frames.filter((f) => f.kind === "console"), [session.frames]);
  const rows = useMemo(() => all.filter(wanted[show]), [all, show]);
  const times = useMemo(() => rows.map((f) => f.at), [rows]);
  const current = useCurrent(store, start, times);
  if (all.length === 0) return <Middle icon="console" title="The console stayed silent" />;
  return (
    <FollowList
      items={rows}
      keyOf={(_, i) => String(i)}
      estimate={32}
      current={current}
      label="Console"
      className="cl con"
      head={
        <div className="tab-h">
          <Segmented label="Level" value={show} onChange={setShow} options={[{ value: "all", label: "All" }, { value: "warning", label: "Warnings" }, { value: "error", label: "Errors" }]} />
          <span className="t3 small">{plural(rows.length, "line")}</span>
        </div>
      }
    >
      {(f) => (
        <button type="button" className="ch" onClick={() => store.seek(f.at - start)}>
          <span className="tm">{clock(f.at - start, short)}</span>
          <Icon name={f.level === "error" || f.level === "warning" ? "warn" : "console"} className={f.level === "error" ? "red" : f.level === "warning" ? "amber" : undefined} />
          <span className={cx("msg code", f.level === "error" ? "red" : f.level === "warning" ? "amber" : undefined)} dir="auto">
            {f.level && f.level !== "log" ? <span className="vh">{f.level}: </span> : null}
            {f.detail}
          </span>
        </button>
      )}
    </FollowList>
  );
}

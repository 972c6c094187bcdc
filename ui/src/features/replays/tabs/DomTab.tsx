import { useMemo, useState } from "react";
import { Code } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { usePlayer } from "@/components/player/Screen";
import { Middle } from "@/components/states";
import { describeAct, isAct } from "@/lib/chapters";
import { clock } from "@/lib/format";
import type { Frame } from "@/lib/recording/frames";
import { actIcon } from "@/components/actIcon";
import { FollowList, useCurrent } from "./FollowList";
import type { TabProps } from "./props";

/** The elements people touched: a row shows the element on the page, as it was at that moment. */
export function DomTab({ store, session, start, short }: TabProps) {
  const rows = useMemo(() => session.frames.filter((f) => (isAct(f) || f.kind === "hydration") && f.nodeId !== undefined), [session.frames]);
  const times = useMemo(() => rows.map((f) => f.at), [rows]);
  const current = useCurrent(store, start, times);
  const [picked, setPicked] = useState<Frame | null>(null);
  const node = usePlayer(store, (s) => s.node);
  if (rows.length === 0) return <Middle icon="click" title="No element was touched">Clicks, typing and dead clicks appear here, each with the element it met.</Middle>;
  const pick = (f: Frame) => {
    setPicked(f);
    if (store.state.playing) store.pause();
    store.seek(f.at - start);
    store.inspect(f.nodeId ?? -1);
  };
  return (
    <FollowList items={rows} keyOf={(_, i) => String(i)} estimate={33} current={current} label="Elements" className="cl">
      {(f) => (
        <>
          <button type="button" className="ch" aria-expanded={picked === f} onClick={() => pick(f)} title="Show the element">
            <span className="tm">{clock(f.at - start, short)}</span>
            <Icon name={actIcon[f.kind] ?? "log"} className={f.kind === "rage" || f.kind === "dead" ? "amber" : undefined} />
            <span className="what">
              <b className="cut" dir="auto">{describeAct(f)}</b>
              <span className="cut code">{f.detail.split(" > ").at(-1)}</span>
            </span>
          </button>
          {picked === f ? <NodeHtml html={node?.id === f.nodeId ? node?.html : undefined} selector={f.detail} /> : null}
        </>
      )}
    </FollowList>
  );
}

function NodeHtml({ html, selector }: { html: string | undefined; selector: string }) {
  return (
    <div className="net-d">
      <p className="code t3 brk">{selector}</p>
      {html ? (
        <Code>{html}</Code>
      ) : html === "" ? (
        <p className="t3">The element is not on the page at this moment.</p>
      ) : null}
    </div>
  );
}

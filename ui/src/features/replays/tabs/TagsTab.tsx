import type { Replay } from "@/api/gen";
import { Pair } from "./NetworkTab";
import type { TabProps } from "./props";

export function TagsTab({ replay }: TabProps) {
  const tags = Object.entries(replay.tags);
  return (
    <div className="mem">
      <h2>Tags</h2>
      {tags.length > 0 ? (
        <dl className="kv">
          {tags.map(([k, v]) => (
            <Pair key={k} k={k} v={v.join(", ")} />
          ))}
        </dl>
      ) : (
        <p className="small t3">None was set.</p>
      )}
      <h2>Session</h2>
      <dl className="kv">
        {facts(replay).map(([k, v]) => (
          <Pair key={k} k={k} v={v} />
        ))}
      </dl>
    </div>
  );
}

function facts(r: Replay): [string, string][] {
  const named = (p: { name: string | null; version: string | null }) => [p.name, p.version].filter(Boolean).join(" ");
  const all: [string, string][] = [
    ["replay id", r.id],
    ["sdk", named(r.sdk)],
    ["kept because", r.replay_type === "buffer" ? "an error happened" : "the session was sampled"],
    ["environment", r.environment ?? ""],
    ["release", r.releases.join(", ")],
    ["browser", named(r.browser)],
    ["system", named(r.os)],
    ["device", [r.device.brand, r.device.model ?? r.device.name].filter(Boolean).join(" ")],
    ["user id", r.user.id ?? ""],
    ["user e-mail", r.user.email ?? ""],
    ["user name", r.user.username ?? ""],
    ["user ip", r.user.ip ?? ""],
  ];
  return all.filter(([, v]) => v !== "");
}

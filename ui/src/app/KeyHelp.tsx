import { Fragment } from "react";
import { Dialog } from "@/components/Dialog";

const groups: [string, [string[], string][]][] = [
  ["Everywhere", [[["⌘", "K"], "search, or paste any id"], [["⇧", "H"], "home"], [["⇧", "I"], "issues"], [["⇧", "R"], "replays"], [["t"], "dark or light"], [["?"], "these keys"]]],
  ["Lists", [[["j", "k"], "move"], [["enter"], "open"], [["x"], "select"], [["⇧", "click"], "select all between"], [["e"], "resolve"], [["i"], "archive"], [["u"], "reopen"], [["a"], "assign"], [["/"], "search"]]],
  ["Issue", [[["[", "]"], "older, newer event"], [["e"], "resolve"], [["i"], "archive"]]],
  ["Feedback", [[["[", "]"], "older, newer message"], [["e"], "resolve"], [["i"], "spam"]]],
  ["Replay", [[["space"], "play, pause"], [["←", "→"], "5 s back, on"], [["n", "p"], "next, previous error"], [["}", "{"], "next, previous chapter"], [["+", "−"], "zoom the time line"], [["<", ">"], "slower, faster"], [["f"], "full screen"]]],
];

export function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div className="keys">
        {groups.map(([name, keys]) => (
          <section key={name}>
            <h3>{name}</h3>
            <dl>
              {keys.map(([caps, what]) => (
                <Fragment key={what}>
                  <dt>
                    {caps.map((c) => (
                      <kbd key={c}>{c}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </Fragment>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

import { CopyButton, cx, SideMark } from "@/components/basics";
import { sideOfPlatform, snippet, snippetText } from "./snippets";

/** The lines to paste, with the DSN in them; those that make links are marked and say why. */
export function SnippetView({ platform, dsn }: { platform: string | null; dsn: string }) {
  const s = snippet(platform, dsn);
  return (
    <div className="snip">
      <div className="snip-h">
        <SideMark side={sideOfPlatform(platform)}>{s.file}</SideMark>
        <span className="sp" />
        <CopyButton text={snippetText(s)} label="Copy the snippet">
          Copy
        </CopyButton>
      </div>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached by keyboard */}
      <div className="src" role="region" aria-label="Snippet" tabIndex={0}>
        {s.lines.map((l, i) => (
          <div key={i} className={cx(l.why && "mk-l")}>
            <span>{i + 1}</span>
            <span>{l.text}</span>
            {l.why ? <em>{l.why}</em> : null}
          </div>
        ))}
      </div>
    </div>
  );
}

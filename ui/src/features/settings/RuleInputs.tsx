import { useState, type ReactNode } from "react";

const words = (text: string) => text.split("\n").map((line) => line.trim()).filter((line) => line !== "");

/** A rule that is on or off, with why one would want it and what it has done. */
export function Switch({ label, why, on, end, onChange }: { label: string; why: ReactNode; on: boolean; end?: ReactNode; onChange: (on: boolean) => void }) {
  return (
    <li>
      <label className="rule">
        <input type="checkbox" className="chk" checked={on} onChange={(e) => onChange(e.target.checked)} />
        <span className="t1">{label}</span>
        <span className="t3">{why}</span>
      </label>
      {end}
    </li>
  );
}

/** A list of words, one per line; what is typed stays as typed until the box is left. */
export function Lines({ label, value, placeholder, onChange }: { label: ReactNode; value: string[]; placeholder: string; onChange: (value: string[]) => void }) {
  const [text, setText] = useState(value.join("\n"));
  return (
    <label className="lbl">
      {label}
      <textarea
        className="inp area-t code"
        rows={Math.min(8, Math.max(2, text.split("\n").length))}
        value={text}
        placeholder={placeholder}
        spellCheck={false}
        onChange={(e) => {
          setText(e.target.value);
          onChange(words(e.target.value));
        }}
      />
    </label>
  );
}

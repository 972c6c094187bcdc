import { useId, useState, type RefObject } from "react";
import { cx } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { fieldsFor, takeField } from "./searchFields";
import s from "./replayList.module.css";

/** The search box of the list; while one types it says what can be asked for. */
export function ReplaySearch({ value, onSubmit, box }: { value: string; onSubmit: (query: string) => void; box: RefObject<HTMLInputElement | null> }) {
  const [text, setText] = useState(value);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const list = useId();
  const groups = fieldsFor(text);
  const fields = groups.flatMap((g) => g.fields);
  const take = (field: string) => {
    const next = takeField(text, field);
    setText(next);
    setAt(-1);
    box.current?.focus();
    // What wants a value waits for it; the rest is a whole search.
    if (!/[:]$/.test(field)) {
      setOpen(false);
      onSubmit(next);
    }
  };
  const move = (by: 1 | -1) => {
    setOpen(true);
    setAt((n) => (fields.length === 0 ? -1 : (n + by + fields.length + (n < 0 && by < 0 ? 1 : 0)) % fields.length));
  };
  return (
    <form
      className={s.box}
      role="search"
      onSubmit={(e) => {
        e.preventDefault();
        const picked = open ? fields[at] : undefined;
        if (picked) return take(picked.insert);
        setOpen(false);
        onSubmit(text.trim());
      }}
      onBlur={(e) => {
        if (!e.currentTarget.contains(e.relatedTarget)) setOpen(false);
      }}
    >
      <div className="field">
        <Icon name="search" size="s" className="t4" />
        <input
          ref={box}
          role="combobox"
          aria-label="Search replays"
          aria-expanded={open}
          aria-controls={list}
          aria-activedescendant={open && at >= 0 ? `${list}-${at}` : undefined}
          autoComplete="off"
          placeholder="user.email:ivan@example.com, url:*checkout*, text:&quot;Out of stock&quot; …"
          value={text}
          onFocus={() => setOpen(true)}
          onChange={(e) => {
            setText(e.target.value);
            setOpen(true);
            setAt(-1);
          }}
          onKeyDown={(e) => {
            if (e.key === "ArrowDown" || e.key === "ArrowUp") {
              e.preventDefault();
              move(e.key === "ArrowDown" ? 1 : -1);
            } else if (e.key === "Escape") setOpen(false);
          }}
        />
        <kbd className="hide-s">/</kbd>
      </div>
      {open && fields.length > 0 ? (
        <div className={cx("pop", s.help)} id={list} role="listbox" aria-label="Search fields">
          {groups.map((g) => (
            <div key={g.group} role="group" aria-label={g.group}>
              <p className={s.helpH}>{g.group}</p>
              {g.fields.map((f) => {
                const i = fields.indexOf(f);
                return (
                  <button key={f.insert} id={`${list}-${i}`} type="button" role="option" aria-selected={i === at} tabIndex={-1} className={cx(i === at && s.on)} onClick={() => take(f.insert)}>
                    <span className="code t1">{f.insert}</span>
                    <span className="t3">{f.what}</span>
                  </button>
                );
              })}
            </div>
          ))}
        </div>
      ) : null}
    </form>
  );
}

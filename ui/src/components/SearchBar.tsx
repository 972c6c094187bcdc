import { useEffect, useId, useRef, useState, type KeyboardEvent, type RefObject } from "react";
import { cx } from "./basics";
import { Icon } from "./Icon";
import { isWhole, takeWord, tokens, withoutToken, type Suggestion } from "./searchSuggest";
import { useOffers, type SearchFields } from "./useOffers";
import s from "./searchBar.module.css";

interface Props {
  org: string;
  label: string;
  placeholder: string;
  /** The search that is in force. */
  value: string;
  known: SearchFields;
  /** Whose tags are offered; all projects' without. */
  project?: string;
  /** The server does not understand the search. */
  invalid?: boolean;
  box: RefObject<HTMLInputElement | null>;
  onSubmit: (query: string) => void;
}

/** The search box of a list: tokens that can be changed and taken out, and help with the one being typed. */
export function SearchBar({ org, label, placeholder, value, known, project, invalid, box, onSubmit }: Props) {
  const [draft, setDraft] = useState({ of: value, parts: tokens(value), text: "" });
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const list = useId();
  // A search from elsewhere (a tab, the address) takes the place of what stands here.
  if (draft.of !== value) setDraft({ of: value, parts: tokens(value), text: "" });
  const { parts, text } = draft;
  const offers = useOffers(org, text, known, project, open);
  const shown = open && offers.length > 0;

  const type = (next: string, left = parts) => {
    setDraft({ of: value, parts: left, text: next });
    setOpen(true);
    setAt(-1);
  };
  const submit = (typed: string, left = parts) => {
    setOpen(false);
    setAt(-1);
    const query = [...left, typed.trim()].filter(Boolean).join(" ");
    setDraft({ of: value, parts: tokens(query), text: "" });
    onSubmit(query);
  };
  const take = (offer: Suggestion) => {
    const next = takeWord(text, offer.insert);
    box.current?.focus();
    if (isWhole(offer.insert)) submit(next);
    else type(next);
  };
  const change = (i: number) => {
    type(parts[i] ?? "", parts.filter((_, j) => j !== i));
    box.current?.focus();
  };
  const move = (by: 1 | -1) => {
    setOpen(true);
    setAt((n) => (offers.length === 0 ? -1 : n < 0 ? (by > 0 ? 0 : offers.length - 1) : (n + by + offers.length) % offers.length));
  };
  const onKeyDown = (e: KeyboardEvent<HTMLInputElement>) => {
    const offer = shown ? offers[at] : undefined;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      move(e.key === "ArrowDown" ? 1 : -1);
    } else if (e.key === "Tab" && !e.shiftKey && offer) {
      e.preventDefault();
      take(offer);
    } else if (e.key === "Backspace" && text === "" && parts.length > 0) {
      e.preventDefault();
      submit("", withoutToken(parts, parts.length - 1));
    } else if (e.key === "Escape") {
      if (shown) setOpen(false);
      else e.currentTarget.blur();
    }
  };
  return (
    <form
      className={s.box}
      role="search"
      onSubmit={(e) => {
        e.preventDefault();
        const offer = shown ? offers[at] : undefined;
        if (offer) take(offer);
        else submit(text);
      }}
      onBlur={(e) => {
        if (!e.currentTarget.contains(e.relatedTarget)) setOpen(false);
      }}
    >
      <div className={cx("field", s.field, invalid && s.invalid)}>
        <Icon name="search" size="s" className="t4" />
        {parts.map((t, i) => (
          <Token key={`${t}-${i}`} text={t} onChange={() => change(i)} onRemove={() => submit("", withoutToken(parts, i))} />
        ))}
        <input
          ref={box}
          role="combobox"
          aria-label={label}
          aria-expanded={shown}
          aria-controls={list}
          aria-autocomplete="list"
          aria-invalid={invalid ?? false}
          aria-activedescendant={shown && at >= 0 ? `${list}-${at}` : undefined}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder={parts.length > 0 ? "Add a filter" : placeholder}
          value={text}
          onFocus={() => setOpen(true)}
          onClick={() => setOpen(true)}
          onChange={(e) => type(e.target.value)}
          onKeyDown={onKeyDown}
        />
        <kbd className="hide-s">/</kbd>
      </div>
      {shown ? <Offers id={list} label={label} offers={offers} at={at} onTake={take} /> : null}
    </form>
  );
}

function Token({ text, onChange, onRemove }: { text: string; onChange: () => void; onRemove: () => void }) {
  const colon = /^[(!\w.[\]-]+:/.exec(text)?.[0].length ?? 0;
  return (
    <span className={cx("tok", s.tok)}>
      <button type="button" className={s.word} title={text} aria-label={`Change ${text}`} onClick={onChange}>
        <i>{text.slice(0, colon)}</i>
        {text.slice(colon)}
      </button>
      <button type="button" aria-label={`Remove ${text}`} onClick={onRemove}>
        <Icon name="x" size="xs" />
      </button>
    </span>
  );
}

function Offers({ id, label, offers, at, onTake }: { id: string; label: string; offers: Suggestion[]; at: number; onTake: (offer: Suggestion) => void }) {
  const picked = useRef<HTMLButtonElement>(null);
  useEffect(() => picked.current?.scrollIntoView({ block: "nearest" }), [at]);
  return (
    <div className={cx("pop", s.help)} id={id} role="listbox" aria-label={`${label}: suggestions`}>
      {offers.map((f, i) => (
        <button key={f.insert} ref={i === at ? picked : undefined} id={`${id}-${i}`} type="button" role="option" aria-selected={i === at} tabIndex={-1} className={cx(i === at && s.on)} onClick={() => onTake(f)}>
          <span className="code t1">{f.insert}</span>
          <span className="t3">{f.what}</span>
        </button>
      ))}
    </div>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { errorMessage } from "@/api/client";
import { createSavedSearch, deleteSavedSearch, type SavedSearch } from "@/api/gen";
import { listSavedSearchesOptions } from "@/api/gen/@tanstack/react-query.gen";
import { Dialog } from "@/components/Dialog";
import { Icon } from "@/components/Icon";
import { Menu, type MenuItem } from "@/components/Menu";

const OF_ISSUES = 0;
const MOST_NAME = 128;

interface Props {
  org: string;
  query: string;
  sort: string;
  onPick: (query: string, sort: string) => void;
}

/** Searches with a name: picked, saved and deleted here. */
export function SavedSearches({ org, query, sort, onPick }: Props) {
  const options = listSavedSearchesOptions({ path: { org }, query: { type: OF_ISSUES } });
  const list = useQuery({ ...options, staleTime: 60_000 });
  const [asked, setAsked] = useState<"save" | SavedSearch | null>(null);
  const all = list.data ?? [];
  const here = all.find((x) => x.query === query && (x.sort || "date") === sort);
  const pick = (x: SavedSearch): MenuItem => ({ label: x.name, icon: x.visibility === "organization" ? "globe" : undefined, checked: x === here, onSelect: () => onPick(x.query, x.sort || "date") });
  const items: (MenuItem | "rule")[] = [
    ...all.map(pick),
    ...(all.length > 0 ? (["rule"] as const) : []),
    ...(here ? [] : [{ label: "Save this search…", icon: "plus" as const, onSelect: () => setAsked("save") }]),
    ...(here?.isMine ? [{ label: `Delete “${here.name}”…`, icon: "x" as const, onSelect: () => setAsked(here) }] : []),
  ];
  return (
    <>
      <Menu
        heading={all.length > 0 ? "Saved searches" : undefined}
        align="start"
        items={items.at(-1) === "rule" ? items.slice(0, -1) : items}
        trigger={
          <button type="button" className="btn tall">
            <Icon name="star" size="s" className={here ? "acc" : undefined} />
            <span className="cut">{here?.name ?? "Saved"}</span>
            <Icon name="down" size="s" />
          </button>
        }
      />
      {asked === "save" ? <Save org={org} query={query} sort={sort} onClose={() => setAsked(null)} /> : asked ? <Delete org={org} search={asked} onClose={() => setAsked(null)} /> : null}
    </>
  );
}

/** Asks for the list again when something of it has changed. */
function useChanged(org: string) {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: listSavedSearchesOptions({ path: { org }, query: { type: OF_ISSUES } }).queryKey });
}

function Save({ org, query, sort, onClose }: { org: string; query: string; sort: string; onClose: () => void }) {
  const changed = useChanged(org);
  const [name, setName] = useState("");
  const [all, setAll] = useState(false);
  const save = useMutation({
    mutationFn: () => createSavedSearch({ path: { org }, body: { name: name.trim(), query, sort, type: OF_ISSUES, visibility: all ? "organization" : "owner" }, throwOnError: true }),
    onSuccess: async () => {
      await changed();
      onClose();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Dialog title="Save this search" onClose={onClose}>
      <form className="ask" onSubmit={submit}>
        <p className="code t1">{query || "everything"}</p>
        <label className="lbl">
          Name
          {/* The window was opened to write it. */}
          {/* eslint-disable-next-line jsx-a11y/no-autofocus */}
          <input className="inp" autoFocus required maxLength={MOST_NAME} value={name} onChange={(e) => setName(e.target.value)} />
        </label>
        <label className="row">
          <input type="checkbox" className="chk" checked={all} onChange={(e) => setAll(e.target.checked)} />
          For everybody in the organisation
        </label>
        {save.isError ? (
          <p className="small red" role="alert">
            {errorMessage(save.error)}
          </p>
        ) : null}
        <div className="row">
          <button type="submit" className="btn pri" disabled={save.isPending || name.trim() === ""}>
            {save.isPending ? "Saving…" : "Save"}
          </button>
          <button type="button" className="btn bare" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Delete({ org, search, onClose }: { org: string; search: SavedSearch; onClose: () => void }) {
  const changed = useChanged(org);
  const remove = useMutation({
    mutationFn: () => deleteSavedSearch({ path: { org, search: search.id }, throwOnError: true }),
    onSuccess: async () => {
      await changed();
      onClose();
    },
  });
  return (
    <Dialog title={`Delete “${search.name}”?`} onClose={onClose}>
      <div className="ask">
        <p>{search.visibility === "organization" ? "It goes for everybody in the organisation. " : ""}The issues it finds stay.</p>
        {remove.isError ? (
          <p className="small red" role="alert">
            {errorMessage(remove.error)}
          </p>
        ) : null}
        <div className="row">
          <button type="button" className="btn pri" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {remove.isPending ? "Deleting…" : "Delete"}
          </button>
          <button type="button" className="btn bare" onClick={onClose}>
            Keep it
          </button>
        </div>
      </div>
    </Dialog>
  );
}

import { Combobox } from "@base-ui/react/combobox";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactElement, useEffect, useState } from "react";
import type { Actor, IssueUpdate } from "@/api/gen";
import { listMembersOptions, listTeamsOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useMe } from "@/app/hooks";
import { Icon } from "@/components/Icon";

interface Choice {
  value: string; // as the API takes it: user:1, team:1, or empty
  label: string;
  sub?: string;
  me?: boolean;
}

interface Props {
  org: string;
  /** Who has it now; undefined when there is no one answer. */
  to: Actor | null | undefined;
  set: (change: IssueUpdate) => void;
  trigger: ReactElement;
  align?: "start" | "end";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}

const SHOWN = 50; // people, and teams, at a time

/** Gives issues to somebody. What is typed is looked for on the server, so that everybody is found in an organization of any size. */
export function AssignMenu({ org, to, set, trigger, align = "end", open, onOpenChange }: Props) {
  const [own, setOwn] = useState(false);
  const shown = open ?? own;
  const [text, setText] = useState("");
  const query = useSettled(text.trim());
  const me = useMe();
  const asked = { path: { org }, query: { query: query || undefined, per_page: SHOWN } };
  const about = { enabled: shown, staleTime: 60_000, placeholderData: keepPreviousData };
  const members = useQuery({ ...listMembersOptions(asked), ...about });
  const teams = useQuery({ ...listTeamsOptions(asked), ...about });
  const people = (members.data ?? []).flatMap((m) => (m.user ? [m.user] : []));
  const choices: Choice[] = [
    ...(me && !query ? [{ value: `user:${me.id}`, label: "Me", me: true }] : []),
    ...(query ? [] : [{ value: "", label: "Nobody" }]),
    ...people.filter((u) => query || u.id !== me?.id).map((u) => ({ value: `user:${u.id}`, label: u.name || u.email, sub: u.name && u.name !== u.email ? u.email : undefined })),
    ...(teams.data ?? []).map((t) => ({ value: `team:${t.id}`, label: `#${t.slug}`, sub: t.name !== t.slug ? t.name : undefined })),
  ];
  const chosen = to === undefined ? undefined : to === null ? "" : `${to.type}:${to.id}`;
  const more = people.length >= SHOWN || (teams.data?.length ?? 0) >= SHOWN;
  return (
    <Combobox.Root
      items={choices}
      filter={null}
      value={null as Choice | null}
      itemToStringLabel={(c: Choice) => c.label}
      inputValue={text}
      onInputValueChange={setText}
      autoHighlight
      open={shown}
      onOpenChange={(now) => {
        setOwn(now);
        onOpenChange?.(now);
        if (!now) setText("");
      }}
      onValueChange={(c: Choice | null) => {
        if (c) set({ assignedTo: c.value });
      }}
    >
      <Combobox.Trigger render={trigger} />
      <Combobox.Portal>
        <Combobox.Positioner className="popup" sideOffset={4} align={align}>
          <Combobox.Popup className="pop menu asg" aria-label="Assign to">
            <Combobox.Input className="inp" placeholder="Assign to…" aria-label="Find a member or a team" />
            <Combobox.List className="asg-l">
              {(c: Choice) => (
                <Combobox.Item key={c.value} value={c} className="mi">
                  {c.me ? <Icon name="user" size="s" /> : null}
                  <span className="cut">{c.label}</span>
                  {c.sub ? <span className="cut t3 asg-s">{c.sub}</span> : null}
                  {c.value === chosen ? <Icon name="check" size="s" /> : null}
                </Combobox.Item>
              )}
            </Combobox.List>
            <Combobox.Empty className="asg-e">{members.isError || teams.isError ? "They could not be read just now." : members.isFetching ? "Looking…" : `Nobody here is called “${query}”.`}</Combobox.Empty>
            {more ? <p className="asg-m">Type to find more.</p> : null}
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  );
}

/** A text once nothing more was typed for a moment. */
function useSettled(text: string) {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(text), 150);
    return () => window.clearTimeout(timer);
  }, [text]);
  return settled;
}

import type { IssueDetail, IssueUpdate } from "@/api/gen";
import { Avatar } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Menu, type MenuItem } from "@/components/Menu";
import { useCopy } from "@/lib/copy";
import { AssignMenu } from "./AssignMenu";

type Change = (change: IssueUpdate) => void;

/** Until when an issue is out of the way. */
export const archiveItems = (set: Change): (MenuItem | "rule")[] => [
  { label: "Until it escalates", icon: "eyeoff", onSelect: () => set({ status: "ignored", substatus: "archived_until_escalating" }) },
  { label: "For good", onSelect: () => set({ status: "ignored", substatus: "archived_forever" }) },
  "rule",
  { label: "For a day", onSelect: () => set({ status: "ignored", statusDetails: { ignoreDuration: 1440 } }) },
  { label: "For a week", onSelect: () => set({ status: "ignored", statusDetails: { ignoreDuration: 10_080 } }) },
  { label: "Until 100 more events", onSelect: () => set({ status: "ignored", statusDetails: { ignoreCount: 100 } }) },
  { label: "Until 100 events in an hour", onSelect: () => set({ status: "ignored", statusDetails: { ignoreCount: 100, ignoreWindow: 60 } }) },
  { label: "Until 10 more users", onSelect: () => set({ status: "ignored", statusDetails: { ignoreUserCount: 10 } }) },
];

export function resolveItems(set: Change, release: string | undefined): (MenuItem | "rule")[] {
  const items: (MenuItem | "rule")[] = [
    { label: "Resolve now", icon: "check", onSelect: () => set({ status: "resolved" }) },
    { label: "In the next release", icon: "release", onSelect: () => set({ status: "resolved", statusDetails: { inNextRelease: true } }) },
  ];
  if (release) items.push({ label: `In the current release, ${release}`, icon: "release", onSelect: () => set({ status: "resolved", statusDetails: { inRelease: "latest" } }) });
  return items;
}

const priorities = [
  { value: "high", label: "High" },
  { value: "medium", label: "Medium" },
  { value: "low", label: "Low" },
] as const;

/** Who has the issue, how much it matters, and whether the reader follows it. */
export function IssueMarks({ org, issue, set }: { org: string; issue: IssueDetail; set: Change }) {
  const to = issue.assignedTo;
  return (
    <>
      <AssignMenu
        org={org}
        to={to}
        set={set}
        trigger={
          <button type="button" className="btn" aria-label={to ? `Assigned to ${to.name}` : "Assign"}>
            <Avatar name={to ? to.name : null} />
            <span className="hide-s">{to ? (to.type === "team" ? `#${to.name}` : to.name) : "Assign"}</span>
            <Icon name="down" size="s" />
          </button>
        }
      />
      <Menu
        heading="Priority"
        items={priorities.map((p) => ({ label: p.label, checked: issue.priority === p.value, onSelect: () => set({ priority: p.value }) }))}
        trigger={
          <button type="button" className="btn hide-s" aria-label={`Priority: ${issue.priority}`}>
            {priorities.find((p) => p.value === issue.priority)?.label}
            <Icon name="down" size="s" />
          </button>
        }
      />
      <button type="button" className="btn ico" aria-pressed={issue.isBookmarked} aria-label="Bookmark" title="Bookmark" onClick={() => set({ isBookmarked: !issue.isBookmarked })}>
        <Icon name="star" size="s" className={issue.isBookmarked ? "acc" : undefined} />
      </button>
      <button type="button" className="btn hide-s" aria-pressed={issue.isSubscribed} onClick={() => set({ isSubscribed: !issue.isSubscribed })}>
        {issue.isSubscribed ? "Following" : "Follow"}
      </button>
    </>
  );
}

/** Copies the address of the issue, by its short id: of any tab and search it is the same. */
export function ShareIssue({ org, issue }: { org: string; issue: IssueDetail }) {
  const { copied, copy } = useCopy();
  return (
    <button type="button" className="btn" title="Copy the link to this issue" aria-label="Share: copy the link to this issue" onClick={() => copy(`${window.location.origin}/organizations/${org}/issues/${issue.shortId}/`)}>
      <Icon name={copied ? "check" : "share"} size="s" />
      <span className="hide-s">{copied ? "Link copied" : "Share"}</span>
      <span className="vh" role="status">
        {copied ? "Link copied" : ""}
      </span>
    </button>
  );
}

import type { ProjectOwnership } from "@/api/gen";

export type Assignment = ProjectOwnership["autoAssignment"];

/** To whom new issues go. */
export const assignments: { value: Assignment; label: string; short: string; note: string }[] = [
  { value: "Turn off Auto-Assignment", label: "Assign nobody", short: "to nobody", note: "New issues are nobody’s until a person takes them." },
  { value: "Auto Assign to Issue Owner", label: "Assign their owner", short: "to their owner by the rules", note: "A new issue goes to the first owner of the last rule that matches." },
  {
    value: "Auto Assign to Suspect Commits",
    label: "Assign the author",
    short: "to the suspect commit’s author",
    note: "A new issue goes to whose commit of its release last touched the code that broke. When there is none, or its author is no member, it goes to the owner by the rules.",
  },
];

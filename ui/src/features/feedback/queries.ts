import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { UserReport } from "@/api/gen";
import { updateUserFeedbackMutation } from "@/api/gen/@tanstack/react-query.gen";

export type FeedbackStatus = UserReport["status"];

/** The tabs of the inbox; what just came stands in the first, which the address does not name. */
export const boxes: { value: FeedbackStatus | "all"; label: string }[] = [
  { value: "unresolved", label: "Open" },
  { value: "resolved", label: "Resolved" },
  { value: "spam", label: "Spam" },
  { value: "all", label: "All" },
];

/** What the API is asked for a tab; nothing is every status. */
export const statusOf = (box: FeedbackStatus | "all" | undefined): FeedbackStatus | "" => (box === "all" ? "" : (box ?? "unresolved"));

/** A key's or button's meaning: the same again takes it back. */
export const toggled = (is: FeedbackStatus, to: "resolved" | "spam"): FeedbackStatus => (is === to ? "unresolved" : to);

export const nameOf = (f: Pick<UserReport, "name" | "email" | "user">): string => f.name || f.email || f.user?.username || f.user?.email || "Somebody";

export function useSetStatus(org: string) {
  const queries = useQueryClient();
  const update = useMutation({
    ...updateUserFeedbackMutation(),
    onSettled: () => queries.invalidateQueries({ predicate: (q) => ["listUserFeedback", "getUserFeedback"].includes((q.queryKey[0] as { _id?: string } | undefined)?._id ?? "") }),
  });
  return { ...update, set: (f: Pick<UserReport, "id" | "projectSlug">, status: FeedbackStatus) => update.mutate({ path: { org, project: f.projectSlug, report: f.id }, body: { status } }) };
}

import type { Replay } from "@/api/gen";

/** Whose session it was, by the best name there is. */
export function whoOf(r: Replay): string {
  return r.user.display_name || r.user.email || r.user.username || r.user.id || r.user.ip || "Anonymous";
}

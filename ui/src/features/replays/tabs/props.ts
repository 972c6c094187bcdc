import type { Replay, ReplayLink } from "@/api/gen";
import type { PlayerStore } from "@/components/player/playerStore";
import type { Session } from "../useSession";

/** What every tab beside the player is drawn from. */
export interface TabProps {
  org: string;
  store: PlayerStore;
  replay: Replay;
  session: Session;
  links: ReplayLink[];
  /** Where the player's time begins, ms since the epoch. */
  start: number;
  /** Less than a minute: times need tenths. */
  short: boolean;
}

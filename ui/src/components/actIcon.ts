import type { IconName } from "./Icon";

/** What stands in front of an act of the user, by its frame's kind. */
export const actIcon: Record<string, IconName> = { click: "click", rage: "rage", dead: "click", slow: "click", input: "input", key: "input", navigation: "nav", feedback: "feedback", hydration: "warn" };

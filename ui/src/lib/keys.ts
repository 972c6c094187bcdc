import { useEffect, useRef } from "react";

/** Keys of a screen, by KeyboardEvent.key. They are silent while someone types or a menu is open. */
export function useKeys(keys: Record<string, (e: KeyboardEvent) => void>, enabled = true) {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    if (!enabled) return;
    const onKey = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.metaKey || e.ctrlKey || e.altKey || isTyping(e.target)) return;
      if (document.querySelector("[role=dialog], [role=menu]")) return;
      const act = latest.current[e.key];
      if (!act) return;
      // Space and enter belong to the button or link that has the focus.
      if ((e.key === " " || e.key === "Enter") && e.target instanceof Element && e.target.closest("a, button, [role=slider]")) return;
      e.preventDefault();
      act(e);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [enabled]);
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit"].includes(target.type);
}

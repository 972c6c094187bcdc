import { useSyncExternalStore } from "react";

// What a person chose for themselves, kept in this browser: the one place that touches localStorage.

export interface Preferences {
  theme: "dark" | "light" | null;
  rail: "wide" | "narrow";
  speed: number;
  skipIdle: boolean;
  /** When Home was last opened, and the look before that absence; ms, 0 for never. */
  lastLook: { at: number; before: number };
}

const defaults: Preferences = { theme: null, rail: "wide", speed: 1, skipIdle: true, lastLook: { at: 0, before: 0 } };

const listeners = new Set<() => void>();
const cache = new Map<string, unknown>();

export function getPreference<K extends keyof Preferences>(key: K): Preferences[K] {
  if (!cache.has(key)) {
    let value: unknown = null;
    try {
      value = JSON.parse(localStorage.getItem(`hindsight.${key}`) ?? "null");
    } catch {
      value = null; // storage is closed to us or holds something else
    }
    cache.set(key, value ?? defaults[key]);
  }
  return cache.get(key) as Preferences[K];
}

export function setPreference<K extends keyof Preferences>(key: K, value: Preferences[K]) {
  cache.set(key, value);
  try {
    localStorage.setItem(`hindsight.${key}`, JSON.stringify(value));
  } catch {
    // It then lasts as long as the page.
  }
  listeners.forEach((l) => l());
}

export function usePreference<K extends keyof Preferences>(key: K): [Preferences[K], (value: Preferences[K]) => void] {
  const value = useSyncExternalStore(
    (l) => {
      listeners.add(l);
      return () => listeners.delete(l);
    },
    () => getPreference(key),
  );
  return [value, (v) => setPreference(key, v)];
}

export function toggleTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  setPreference("theme", next);
}

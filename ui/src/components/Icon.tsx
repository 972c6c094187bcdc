import type { ReactNode } from "react";

// One set, drawn for a 16 px box with a 1.5 px stroke that takes the text colour.
const shapes = {
  alert: (
    <>
      <path d="M4 11V7a4 4 0 0 1 8 0v4l1.2 1.2H2.8zM6.8 14h2.4"/>
    </>
  ),
  back5: (
    <>
      <path d="M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3"/>
    </>
  ),
  cache: (
    <>
      <path d="M9 1.75 3.5 9H8l-1 5.25L12.5 7H8z"/>
    </>
  ),
  check: (
    <>
      <path d="m3.5 8.5 3 3 6-7"/>
    </>
  ),
  click: (
    <>
      <path d="M5.5 5.5 13 8.2 9.7 9.7 8.2 13zM3 1.8l.6 1.5M1.8 3.7l1.5.6M6.3 1.8 5.9 3"/>
    </>
  ),
  commit: (
    <>
      <circle cx="8" cy="8" r="2.5"/><path d="M1.75 8H5.5M10.5 8h3.75"/>
    </>
  ),
  console: (
    <>
      <path d="m3 4.5 3.5 3.5L3 11.5M8.5 12H13"/>
    </>
  ),
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M3.5 10.5h-1v-8h8v1"/>
    </>
  ),
  cron: (
    <>
      <circle cx="8" cy="8" r="5.75"/><path d="M8 4.8V8l2.2 1.6"/>
    </>
  ),
  dash: (
    <>
      <path d="M3 13V8M8 13V3M13 13V6"/>
    </>
  ),
  db: (
    <>
      <ellipse cx="8" cy="4" rx="5" ry="2"/><path d="M3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.2 2 5 2s5-.9 5-2"/>
    </>
  ),
  dots: (
    <>
      <path d="M3.5 8v.01M8 8v.01M12.5 8v.01" strokeWidth="2.2"/>
    </>
  ),
  down: (
    <>
      <path d="m4.5 6.25 3.5 3.5 3.5-3.5"/>
    </>
  ),
  down2: (
    <>
      <path d="M8 2.5v7.5M5 7.2 8 10.2l3-3M3 13.5h10"/>
    </>
  ),
  error: (
    <>
      <path d="M8 1.8 14.2 8 8 14.2 1.8 8zM8 5.3v3.2M8 10.7v.01"/>
    </>
  ),
  ext: (
    <>
      <path d="M6 3.5H3.5v9h9V10M9 2.75h4.25V7M13 3 7.5 8.5"/>
    </>
  ),
  eye: (
    <>
      <path d="M2 8s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4z"/><circle cx="8" cy="8" r="1.75"/>
    </>
  ),
  eyeoff: (
    <>
      <path d="M2 8s2.2-4 6-4c1 0 1.9.3 2.7.7M14 8s-2.2 4-6 4c-1 0-1.9-.3-2.7-.7M3 13 13 3"/>
    </>
  ),
  feedback: (
    <>
      <path d="M2.5 3.5h11v7.5H8l-3 2.5V11H2.5z"/>
    </>
  ),
  filter: (
    <>
      <path d="M2.5 4h11M4.5 8h7M6.5 12h3"/>
    </>
  ),
  full: (
    <>
      <path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"/>
    </>
  ),
  gap: (
    <>
      <path d="M2.5 8h2M7 8h2M11.5 8h2"/>
    </>
  ),
  gear: (
    <>
      <circle cx="8" cy="8" r="2"/><path d="M8 2v1.8M8 12.2V14M2 8h1.8M12.2 8H14M3.8 3.8 5 5M11 11l1.2 1.2M12.2 3.8 11 5M5 11l-1.2 1.2"/>
    </>
  ),
  globe: (
    <>
      <circle cx="8" cy="8" r="5.75"/><path d="M2.25 8h11.5M8 2.25c3.6 3.5 3.6 8 0 11.5M8 2.25c-3.6 3.5-3.6 8 0 11.5"/>
    </>
  ),
  home: (
    <>
      <path d="M2.5 7.2 8 2.5l5.5 4.7v6.3h-4v-4h-3v4h-4z"/>
    </>
  ),
  http: (
    <>
      <path d="M2.5 5.5h10M9.8 2.8l2.7 2.7-2.7 2.7M13.5 10.5h-10M6.2 7.8 3.5 10.5l2.7 2.7"/>
    </>
  ),
  info: (
    <>
      <circle cx="8" cy="8" r="5.75"/><path d="M8 7.5V11M8 5v.01"/>
    </>
  ),
  input: (
    <>
      <rect x="1.75" y="4.5" width="12.5" height="7" rx="1.5"/><path d="M4.5 7v2M7 8h.01M9.2 8h.01"/>
    </>
  ),
  issue: (
    <>
      <circle cx="8" cy="8" r="5.75"/><path d="M8 5v3.5M8 11v.01"/>
    </>
  ),
  key: (
    <>
      <circle cx="5.5" cy="10.5" r="2.75"/><path d="m7.5 8.5 6-6M11 5l2 2"/>
    </>
  ),
  left: (
    <>
      <path d="m9.75 4.5-3.5 3.5 3.5 3.5"/>
    </>
  ),
  link: (
    <>
      <path d="M6.5 9.5a2.5 2.5 0 0 0 3.6 0l2.2-2.2a2.5 2.5 0 0 0-3.6-3.6l-.7.7M9.5 6.5a2.5 2.5 0 0 0-3.6 0L3.7 8.7a2.5 2.5 0 0 0 3.6 3.6l.7-.7"/>
    </>
  ),
  lock: (
    <>
      <rect x="3.5" y="7" width="9" height="6.5" rx="1.25"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/>
    </>
  ),
  log: (
    <>
      <path d="M3.5 2.5h6l3 3v8h-9zM5.8 7.5h4.4M5.8 10.5h3"/>
    </>
  ),
  logs: (
    <>
      <path d="M2.5 4h11M2.5 8h8M2.5 12h5.5"/>
    </>
  ),
  merge: (
    <>
      <path d="M4 2.5v3c0 2 4 2.5 4 5v3M12 2.5v3c0 2-4 2.5-4 5M6 11.5l2 2 2-2"/>
    </>
  ),
  nav: (
    <>
      <circle cx="8" cy="8" r="5.75"/><path d="m10.3 5.7-1.4 3.2-3.2 1.4 1.4-3.2z"/>
    </>
  ),
  next: (
    <>
      <path d="M4.5 4v8L10 8zM12 4v8"/>
    </>
  ),
  pause: (
    <>
      <path d="M5.5 3.5v9M10.5 3.5v9" strokeWidth="2"/>
    </>
  ),
  perf: (
    <>
      <path d="M2.2 11.5a6 6 0 1 1 11.6 0M8 10.5l2.8-3.6"/>
    </>
  ),
  play: (
    <>
      <path d="M5 3.5v9L12.5 8z" fill="currentColor"/>
    </>
  ),
  plus: (
    <>
      <path d="M8 3.5v9M3.5 8h9"/>
    </>
  ),
  prev: (
    <>
      <path d="M11.5 4v8L6 8zM4 4v8"/>
    </>
  ),
  pulse: (
    <>
      <path d="M1.75 8.5H5l1.75-5 3 9L11.5 8.5h2.75"/>
    </>
  ),
  queue: (
    <>
      <path d="M2.5 4.5 8 2l5.5 2.5L8 7zM2.5 8 8 10.5 13.5 8M2.5 11.5 8 14l5.5-2.5"/>
    </>
  ),
  rage: (
    <>
      <circle cx="8" cy="8" r="2"/><path d="M8 1.75v2M8 12.25v2M1.75 8h2M12.25 8h2M3.6 3.6 5 5M11 11l1.4 1.4M12.4 3.6 11 5M5 11l-1.4 1.4"/>
    </>
  ),
  release: (
    <>
      <path d="M2.5 2.5h5l6 6-5 5-6-6z"/><path d="M5.4 5.4v.01"/>
    </>
  ),
  replay: (
    <>
      <rect x="1.75" y="3" width="12.5" height="10" rx="1.75"/><path d="M6.75 6v4l3.25-2z"/>
    </>
  ),
  right: (
    <>
      <path d="m6.25 4.5 3.5 3.5-3.5 3.5"/>
    </>
  ),
  rpc: (
    <>
      <path d="M5.5 3.5 2 8l3.5 4.5M10.5 3.5 14 8l-3.5 4.5M8.8 5 7.2 11"/>
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.25"/><path d="m10.2 10.2 3.3 3.3"/>
    </>
  ),
  server: (
    <>
      <rect x="2.5" y="2.75" width="11" height="4.25" rx="1"/><rect x="2.5" y="9" width="11" height="4.25" rx="1"/><path d="M5 4.9h.01M5 11.1h.01"/>
    </>
  ),
  share: (
    <>
      <path d="M8 9.5v-7M5.2 5 8 2.2 10.8 5M3.5 8.5v5h9v-5"/>
    </>
  ),
  side: (
    <>
      <rect x="2" y="3" width="12" height="10" rx="1.5"/><path d="M6 3v10"/>
    </>
  ),
  skip: (
    <>
      <path d="m3 4 4 4-4 4M8.5 4l4 4-4 4"/>
    </>
  ),
  sort: (
    <>
      <path d="M5 3v10M2.8 10.8 5 13l2.2-2.2M11 13V3M8.8 5.2 11 3l2.2 2.2"/>
    </>
  ),
  star: (
    <>
      <path d="m8 2.2 1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z"/>
    </>
  ),
  sun: (
    <>
      <circle cx="8" cy="8" r="2.75"/><path d="M8 1.75v1M8 13.25v1M1.75 8h1M13.25 8h1M3.6 3.6l.7.7M11.7 11.7l.7.7M12.4 3.6l-.7.7M4.3 11.7l-.7.7"/>
    </>
  ),
  trace: (
    <>
      <path d="M2 3.5h6M4.5 6.5h7M6.5 9.5h4.5M8.5 12.5H14"/>
    </>
  ),
  updown: (
    <>
      <path d="m5 6 3-3 3 3M5 10l3 3 3-3"/>
    </>
  ),
  user: (
    <>
      <circle cx="8" cy="5.5" r="2.75"/><path d="M2.75 13.5a5.25 5.25 0 0 1 10.5 0"/>
    </>
  ),
  warn: (
    <>
      <path d="M8 2.5 14 13H2zM8 6.5V9M8 11v.01"/>
    </>
  ),
  x: (
    <>
      <path d="m4.5 4.5 7 7M11.5 4.5l-7 7"/>
    </>
  ),
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;

/** An icon is decoration: the words beside it, or the control's label, say what it means. */
export function Icon({ name, size, className }: { name: IconName; size?: "s" | "xs"; className?: string }) {
  const classes = ["i", size ? `i-${size}` : "", className ?? ""].filter(Boolean).join(" ");
  return (
    <svg className={classes} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {shapes[name]}
    </svg>
  );
}

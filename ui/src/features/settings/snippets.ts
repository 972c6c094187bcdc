// What to paste into an app. The marked lines are what makes a link between a browser and a backend.

export interface Snippet {
  file: string;
  lines: { text: string; why?: string }[];
}

export const platforms: { value: string; label: string; side: "browser" | "server" }[] = [
  { value: "javascript", label: "Browser JavaScript", side: "browser" },
  { value: "javascript-react", label: "React", side: "browser" },
  { value: "javascript-vue", label: "Vue", side: "browser" },
  { value: "node", label: "Node.js", side: "server" },
  { value: "go", label: "Go", side: "server" },
  { value: "python", label: "Python", side: "server" },
  { value: "other", label: "Another", side: "server" },
];

export const sideOfPlatform = (platform: string | null) => platforms.find((p) => p.value === platform)?.side ?? (platform?.startsWith("javascript") ? "browser" : "server");

export function snippet(platform: string | null, dsn: string): Snippet {
  const name = platform ?? "other";
  if (name.startsWith("javascript")) {
    const sdk = name === "javascript-react" ? "@sentry/react" : name === "javascript-vue" ? "@sentry/vue" : "@sentry/browser";
    return {
      file: "main.js",
      lines: [
        { text: `import * as Sentry from "${sdk}";` },
        { text: "" },
        { text: "Sentry.init({" },
        { text: `  dsn: "${dsn}",` },
        { text: "  integrations: [" },
        { text: "    Sentry.browserTracingIntegration(),", why: "puts the replay id on every request" },
        { text: "    Sentry.replayIntegration({" },
        { text: '      networkDetailAllowUrls: [window.location.origin],' },
        { text: '      networkRequestHeaders: ["sentry-trace"],', why: "names the very request" },
        { text: "    })," },
        { text: "  ]," },
        { text: '  tracePropagationTargets: [/^\\//, "api.example.com"],', why: "your backends" },
        { text: "  tracesSampleRate: 1.0," },
        { text: "  replaysSessionSampleRate: 0.1," },
        { text: "  replaysOnErrorSampleRate: 1.0,", why: "keeps every session that fails" },
        { text: "});" },
      ],
    };
  }
  if (name === "node") {
    return {
      file: "instrument.js",
      lines: [{ text: 'const Sentry = require("@sentry/node");' }, { text: "" }, { text: "Sentry.init({" }, { text: `  dsn: "${dsn}",` }, { text: "  tracesSampleRate: 1.0,", why: "continues the browser’s trace" }, { text: "});" }],
    };
  }
  if (name === "go") {
    return {
      file: "main.go",
      lines: [
        { text: "err := sentry.Init(sentry.ClientOptions{" },
        { text: `\tDsn:              "${dsn}",` },
        { text: "\tEnableTracing:    true,", why: "continues the browser’s trace" },
        { text: "\tTracesSampleRate: 1.0," },
        { text: "})" },
        { text: "handler := sentryhttp.New(sentryhttp.Options{Repanic: true}).Handle(mux)", why: "reads the request’s headers" },
      ],
    };
  }
  if (name === "python") {
    return { file: "app.py", lines: [{ text: "import sentry_sdk" }, { text: "" }, { text: "sentry_sdk.init(" }, { text: `    dsn="${dsn}",` }, { text: "    traces_sample_rate=1.0,", why: "continues the browser’s trace" }, { text: ")" }] };
  }
  return { file: "environment", lines: [{ text: `SENTRY_DSN="${dsn}"` }, { text: 'SENTRY_TRACES_SAMPLE_RATE="1.0"', why: "continues the browser’s trace" }] };
}

export const snippetText = (s: Snippet) => s.lines.map((l) => l.text).join("\n");

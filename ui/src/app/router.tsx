import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect, retainSearchParams } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import { getAuthOptions, getReplayFramesOptions, getReplayOptions, listOrganizationsOptions, listReplayChaptersOptions } from "@/api/gen/@tanstack/react-query.gen";
import { Middle } from "@/components/states";
import { recordingHeadOptions } from "@/components/player/useRecording";
import { momentOf } from "@/features/replays/startAt";
import { RouteError } from "./RouteError";
import { readScope, readText } from "./search";
import { Shell } from "./Shell";

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: () => (
    <main>
      <h1 className="vh">Not found</h1>
      <Middle icon="search" title="There is no such page" actions={<a className="btn" href="/">Back home</a>} />
    </main>
  ),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (s: Record<string, unknown>): { token?: string; next?: string } => ({ token: readText(s.token), next: readText(s.next) }),
  component: lazyRouteComponent(() => import("@/features/auth/SignIn"), "SignIn"),
});

const signOnReturn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in/oidc",
  validateSearch: (s: Record<string, unknown>): { code?: string; state?: string; error?: string; error_description?: string } => ({
    code: readText(s.code),
    state: readText(s.state),
    error: readText(s.error),
    error_description: readText(s.error_description),
  }),
  component: lazyRouteComponent(() => import("@/features/auth/SignOnReturn"), "SignOnReturn"),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async ({ context, location }) => {
    await requireUser(context.queries, location.href);
    const [org] = await context.queries.ensureQueryData(listOrganizationsOptions());
    if (org) throw redirect({ to: "/organizations/$org/", params: { org: org.slug }, replace: true });
  },
  component: () => (
    <Middle icon="lock" title="You are in no organisation yet">
      Ask an owner to add you.
    </Middle>
  ),
  errorComponent: RouteError,
});

async function requireUser(queries: QueryClient, href: string) {
  try {
    await queries.ensureQueryData(getAuthOptions());
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) throw redirect({ to: "/sign-in/", search: { next: href }, replace: true });
    throw error;
  }
}

const org = createRoute({
  getParentRoute: () => root,
  path: "/organizations/$org",
  validateSearch: readScope,
  search: { middlewares: [retainSearchParams(["environment", "statsPeriod"])] },
  beforeLoad: ({ context, location }) => requireUser(context.queries, location.href),
  component: Shell,
  errorComponent: RouteError,
});

const orgHome = createRoute({
  getParentRoute: () => org,
  path: "/",
  component: lazyRouteComponent(() => import("@/features/home/Home"), "Home"),
});

const setupDoctor = createRoute({
  getParentRoute: () => org,
  path: "/setup-doctor",
  component: lazyRouteComponent(() => import("@/features/home/SetupDoctor"), "SetupDoctor"),
});

export interface IssuesSearch {
  query?: string;
  sort?: "date" | "new" | "freq" | "user";
  cursor?: string;
  project?: string;
}

const issues = createRoute({
  getParentRoute: () => org,
  path: "/issues",
  validateSearch: (s: Record<string, unknown>): IssuesSearch => ({
    query: typeof s.query === "number" ? String(s.query) : typeof s.query === "string" ? s.query : undefined,
    sort: s.sort === "new" || s.sort === "freq" || s.sort === "user" ? s.sort : undefined,
    cursor: readText(s.cursor),
    project: readText(s.project),
  }),
  component: lazyRouteComponent(() => import("@/features/issues/IssueList"), "IssueList"),
});

const issueTabs = ["events", "replays", "tags", "activity", "merged"] as const;
export interface IssueSearch {
  tab?: (typeof issueTabs)[number];
  /** Which events are listed. */
  query?: string;
}
const readIssueSearch = (s: Record<string, unknown>): IssueSearch => ({ tab: issueTabs.find((t) => t === s.tab), query: readText(s.query) });

const issue = createRoute({
  getParentRoute: () => org,
  path: "/issues/$issue",
  validateSearch: readIssueSearch,
  component: lazyRouteComponent(() => import("@/features/issues/IssuePage"), "IssuePage"),
});

const issueEvent = createRoute({
  getParentRoute: () => org,
  path: "/issues/$issue/events/$event",
  validateSearch: readIssueSearch,
  component: lazyRouteComponent(() => import("@/features/issues/IssuePage"), "IssuePage"),
});

const replays = createRoute({
  getParentRoute: () => org,
  path: "/replays",
  validateSearch: (s: Record<string, unknown>): { query?: string; sort?: string; cursor?: string } => ({ query: readText(s.query), sort: readText(s.sort), cursor: readText(s.cursor) }),
  component: lazyRouteComponent(() => import("@/features/replays/ReplayList"), "ReplayList"),
});

export type ReplayTab = "chapters" | "console" | "network" | "errors" | "feedback" | "logs" | "trace" | "dom" | "tags" | "memory";
const replayTabs: ReplayTab[] = ["chapters", "console", "network", "errors", "feedback", "logs", "trace", "dom", "tags", "memory"];

const replay = createRoute({
  getParentRoute: () => org,
  path: "/replays/$replay",
  validateSearch: (s: Record<string, unknown>): { t?: number; event_t?: string; tab?: ReplayTab } => ({
    t: Number.isFinite(Number(s.t)) && s.t !== "" && s.t !== null && s.t !== undefined ? Math.max(0, Number(s.t)) : undefined,
    event_t: readText(s.event_t),
    tab: replayTabs.find((t) => t === (s.tab ?? s.t_main)),
  }),
  // Asked for beside the screen's own script, not after it: chapters stand before the first picture.
  loader: ({ context, params: { org, replay }, location, preload }) => {
    const path = { path: { org, replay } };
    void context.queries.prefetchQuery(getReplayOptions(path));
    void context.queries.prefetchQuery(getReplayFramesOptions(path));
    void context.queries.prefetchQuery(listReplayChaptersOptions(path));
    // A pointer that only passes over a link downloads no recording.
    if (!preload) void context.queries.prefetchQuery(recordingHeadOptions({ org, replay, ...momentOf(location.search as object) }));
  },
  component: lazyRouteComponent(() => import("@/features/replays/ReplayPage"), "ReplayPage"),
});

const releases = createRoute({
  getParentRoute: () => org,
  path: "/releases",
  validateSearch: (s: Record<string, unknown>): { query?: string; sort?: "semver" | "crash_free_sessions" | "adoption"; cursor?: string } => ({ query: readText(s.query), sort: s.sort === "semver" || s.sort === "crash_free_sessions" || s.sort === "adoption" ? s.sort : undefined, cursor: readText(s.cursor) }),
  component: lazyRouteComponent(() => import("@/features/releases/ReleaseList"), "ReleaseList"),
});

const release = createRoute({
  getParentRoute: () => org,
  path: "/releases/$version",
  component: lazyRouteComponent(() => import("@/features/releases/ReleasePage"), "ReleasePage"),
});

const trace = createRoute({
  getParentRoute: () => org,
  path: "/traces/$trace",
  validateSearch: (s: Record<string, unknown>): { span?: string } => ({ span: readText(s.span) }),
  component: lazyRouteComponent(() => import("@/features/traces/TracePage"), "TracePage"),
});

const projects = createRoute({
  getParentRoute: () => org,
  path: "/settings/projects",
  component: lazyRouteComponent(() => import("@/features/settings/Projects"), "Projects"),
});

const newProject = createRoute({
  getParentRoute: () => org,
  path: "/settings/projects/new",
  component: lazyRouteComponent(() => import("@/features/settings/NewProject"), "NewProject"),
});

const project = createRoute({
  getParentRoute: () => org,
  path: "/settings/projects/$project",
  component: lazyRouteComponent(() => import("@/features/settings/Project"), "Project"),
});

const projectRules = createRoute({
  getParentRoute: () => org,
  path: "/settings/projects/$project/rules",
  component: lazyRouteComponent(() => import("@/features/settings/ProjectRules"), "ProjectRules"),
});

const sourceMaps = createRoute({
  getParentRoute: () => org,
  path: "/settings/projects/$project/source-maps",
  component: lazyRouteComponent(() => import("@/features/settings/SourceMaps"), "SourceMaps"),
});

const projectGrouping = createRoute({
  getParentRoute: () => org,
  path: "/settings/projects/$project/grouping",
  component: lazyRouteComponent(() => import("@/features/settings/Grouping"), "Grouping"),
  validateSearch: (s: Record<string, unknown>): { event?: string } => ({ event: readText(s.event) }),
});

const projectOwnership = createRoute({
  getParentRoute: () => org,
  path: "/settings/projects/$project/ownership",
  component: lazyRouteComponent(() => import("@/features/settings/Ownership"), "Ownership"),
});

const deadLetters = createRoute({
  getParentRoute: () => org,
  path: "/settings/dead-letters",
  component: lazyRouteComponent(() => import("@/features/settings/DeadLetters"), "DeadLetters"),
});

const orgLimits = createRoute({
  getParentRoute: () => org,
  path: "/settings/limits",
  component: lazyRouteComponent(() => import("@/features/settings/OrgLimits"), "OrgLimits"),
});

const storage = createRoute({ getParentRoute: () => org, path: "/settings/storage", component: lazyRouteComponent(() => import("@/features/settings/Storage"), "Storage") });

const auditLog = createRoute({
  getParentRoute: () => org,
  path: "/settings/audit-log",
  validateSearch: (s: Record<string, unknown>): { actor?: string; event?: string } => ({ actor: readText(s.actor), event: readText(s.event) }),
  component: lazyRouteComponent(() => import("@/features/settings/AuditLog"), "AuditLog"),
});

const access = createRoute({
  getParentRoute: () => org,
  path: "/settings/access",
  component: lazyRouteComponent(() => import("@/features/settings/Access"), "Access"),
});

const alerts = createRoute({
  getParentRoute: () => org,
  path: "/alerts",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/organizations/$org/alerts/rules/", params, replace: true });
  },
});
const alertRules = createRoute({ getParentRoute: () => org, path: "/alerts/rules", component: lazyRouteComponent(() => import("@/features/alerts/RuleList"), "RuleList") });
const alertRule = createRoute({ getParentRoute: () => org, path: "/alerts/rules/$rule", component: lazyRouteComponent(() => import("@/features/alerts/RuleEditor"), "RuleEditor") });
const newAlert = createRoute({ getParentRoute: () => org, path: "/alerts/new", component: lazyRouteComponent(() => import("@/features/alerts/RuleEditor"), "NewRule") });
const newMetric = createRoute({ getParentRoute: () => org, path: "/alerts/new-metric", component: lazyRouteComponent(() => import("@/features/alerts/MetricEditor"), "NewMetric") });
const alertChannels = createRoute({ getParentRoute: () => org, path: "/alerts/channels", component: lazyRouteComponent(() => import("@/features/alerts/Channels"), "Channels") });
const alertLog = createRoute({ getParentRoute: () => org, path: "/alerts/log", component: lazyRouteComponent(() => import("@/features/alerts/DeliveryList"), "DeliveryLog") });
const crons = createRoute({ getParentRoute: () => org, path: "/crons", component: lazyRouteComponent(() => import("@/features/crons/CronList"), "CronList") });
const newCron = createRoute({ getParentRoute: () => org, path: "/crons/new", validateSearch: (s: Record<string, unknown>): { slug?: string; of?: string } => ({ slug: readText(s.slug), of: readText(s.of) }), component: lazyRouteComponent(() => import("@/features/crons/NewCron"), "NewCron") });
const cron = createRoute({ getParentRoute: () => org, path: "/crons/$project/$monitor", component: lazyRouteComponent(() => import("@/features/crons/CronPage"), "CronPage") });
type FeedbackBox = "unresolved" | "resolved" | "spam" | "all";
const readFeedbackSearch = (s: Record<string, unknown>): { status?: FeedbackBox } => ({ status: (["resolved", "spam", "all"] as const).find((b) => b === s.status) });
const feedbackReport = createRoute({ getParentRoute: () => org, path: "/feedback/$project/$report", validateSearch: readFeedbackSearch, component: lazyRouteComponent(() => import("@/features/feedback/FeedbackPage"), "FeedbackPage") });
const feedback = createRoute({ getParentRoute: () => org, path: "/feedback", validateSearch: readFeedbackSearch, component: lazyRouteComponent(() => import("@/features/feedback/Feedback"), "Feedback") });
const sentryRule = createRoute({
  getParentRoute: () => org,
  path: "/monitors/alerts/$rule",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/organizations/$org/alerts/rules/$rule/", params, replace: true });
  },
});
const sentryOldRule = createRoute({
  getParentRoute: () => org,
  path: "/issues/alerts/rules/details/$rule",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/organizations/$org/alerts/rules/$rule/", params, replace: true });
  },
});

// Addresses that Sentry's tools print.
const sentryReplays = createRoute({
  getParentRoute: () => org,
  path: "/explore/replays",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/organizations/$org/replays/", params, replace: true });
  },
});
const sentryReplay = createRoute({
  getParentRoute: () => org,
  path: "/explore/replays/$replay",
  beforeLoad: ({ params, location }) => {
    throw redirect({ to: "/organizations/$org/replays/$replay/", params, search: location.search as Record<string, never>, replace: true });
  },
});
const toTrace = ({ params }: { params: { org: string; trace: string } }) => {
  throw redirect({ to: "/organizations/$org/traces/$trace/", params, replace: true });
};
const sentryTrace = createRoute({ getParentRoute: () => org, path: "/explore/traces/trace/$trace", beforeLoad: toTrace });
const oldTrace = createRoute({ getParentRoute: () => org, path: "/performance/trace/$trace", beforeLoad: toTrace });

const tokens = createRoute({
  getParentRoute: () => root,
  path: "/settings/account/api/auth-tokens",
  beforeLoad: async ({ context, location }) => {
    await requireUser(context.queries, location.href);
    const [first] = await context.queries.ensureQueryData(listOrganizationsOptions());
    throw first ? redirect({ to: "/organizations/$org/settings/access/", params: { org: first.slug }, replace: true }) : redirect({ to: "/" });
  },
  errorComponent: RouteError,
});
const orgTokens = createRoute({
  getParentRoute: () => root,
  path: "/orgredirect/organizations/$slug/settings/auth-tokens",
  beforeLoad: () => {
    throw redirect({ to: "/settings/account/api/auth-tokens/", replace: true });
  },
});

// Short addresses people type: the first organisation's.
const shortIssues = createRoute({
  getParentRoute: () => root,
  path: "/issues",
  beforeLoad: async ({ context, location }) => {
    await requireUser(context.queries, location.href);
    const [first] = await context.queries.ensureQueryData(listOrganizationsOptions());
    throw first ? redirect({ to: "/organizations/$org/issues/", params: { org: first.slug }, replace: true }) : redirect({ to: "/" });
  },
  errorComponent: RouteError,
});
const shortReplays = createRoute({
  getParentRoute: () => root,
  path: "/replays",
  beforeLoad: async ({ context, location }) => {
    await requireUser(context.queries, location.href);
    const [first] = await context.queries.ensureQueryData(listOrganizationsOptions());
    throw first ? redirect({ to: "/organizations/$org/replays/", params: { org: first.slug }, replace: true }) : redirect({ to: "/" });
  },
  errorComponent: RouteError,
});

const tree = root.addChildren([
  home,
  shortIssues,
  shortReplays,
  signIn,
  signOnReturn,
  tokens,
  orgTokens,
  org.addChildren([
    orgHome,
    setupDoctor,
    issues,
    issue,
    issueEvent,
    replays,
    replay,
    releases,
    release,
    trace,
    projects,
    newProject,
    project,
    projectRules,
    deadLetters,
    auditLog,
    storage,
    orgLimits,
    access,
    sentryReplays,
    sentryReplay,
    sentryTrace,
    oldTrace,
    sourceMaps,
    projectGrouping,
    projectOwnership,
    alerts,
    alertRules,
    alertRule,
    newAlert,
    newMetric,
    alertChannels,
    alertLog,
    crons,
    newCron,
    cron,
    feedback,
    feedbackReport,
    sentryRule,
    sentryOldRule,
  ]),
]);

export function createAppRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    trailingSlash: "always",
    defaultPreload: "intent",
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}

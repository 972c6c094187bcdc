import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useMatchRoute, useNavigate, useRouterState } from "@tanstack/react-router";
import { createContext, lazy, Suspense, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { getAuthOptions, getOrganizationOptions, issuesCountOptions, listEnvironmentsOptions, listOrganizationsOptions } from "./shellQueries";
import { signOut } from "@/api/gen";
import { Avatar, cx } from "@/components/basics";
import { Icon, type IconName } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import { count } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { toggleTheme, usePreference } from "@/lib/preferences";
import { useOrg, useScope } from "./hooks";
import { defaultRange, rangeLabel, ranges } from "./search";

const Palette = lazy(() => import("@/features/palette/Palette").then((m) => ({ default: m.Palette })));
const KeyHelp = lazy(() => import("./KeyHelp").then((m) => ({ default: m.KeyHelp })));

const CrumbPlace = createContext<HTMLElement | null>(null);

/** What stands at the left of the top bar; a screen says where it is. */
export function Crumb({ children }: { children: ReactNode }) {
  const place = useContext(CrumbPlace);
  return place ? createPortal(children, place) : null;
}

/** The frame of every screen: rail, top bar, palette, and a tab bar on a phone. */
export function Shell() {
  const org = useOrg();
  const [crumb, setCrumb] = useState<HTMLElement | null>(null);
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const [rail] = usePreference("rail");
  const match = useMatchRoute();
  const narrow = rail === "narrow" || Boolean(match({ to: "/organizations/$org/replays/$replay/" })) || Boolean(match({ to: "/organizations/$org/traces/$trace/" }));
  // Environment and time range choose what a list shows; settings and one trace know neither.
  const scoped = useRouterState({ select: (s) => !/\/(settings|traces|setup-doctor|alerts)\//.test(s.location.pathname) });
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.key.toLowerCase() !== "k" || !(e.metaKey || e.ctrlKey)) return;
      e.preventDefault();
      setPalette((open) => !open);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  useKeys({
    "?": () => setHelp(true),
    t: toggleTheme,
    g: () => setPalette(true),
    H: () => void navigate({ to: "/organizations/$org/", params: { org } }),
    I: () => void navigate({ to: "/organizations/$org/issues/", params: { org } }),
    R: () => void navigate({ to: "/organizations/$org/replays/", params: { org } }),
  });
  return (
    <div className={cx("app", narrow && "min")}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Rail narrow={narrow} />
      <header className="top">
        <div className="crumb" ref={setCrumb} />
        <div className="sp" />
        {scoped ? <ScopeMenus /> : null}
        <button type="button" className="find" onClick={() => setPalette(true)} aria-label="Search, or paste any id ⌘K">
          <Icon name="search" size="s" />
          <span>Search, or paste any id</span>
          <kbd>⌘K</kbd>
        </button>
        <button type="button" className="btn ico bare" onClick={toggleTheme} aria-label="Switch theme" title="Switch theme (t)">
          <Icon name="sun" />
        </button>
        <Me />
      </header>
      <CrumbPlace.Provider value={crumb}>
        <main id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </CrumbPlace.Provider>
      <nav className="tabbar" aria-label="Main, small screens">
        <TabLink to="/organizations/$org/" icon="home" label="Home" />
        <TabLink to="/organizations/$org/issues/" icon="issue" label="Issues" />
        <TabLink to="/organizations/$org/replays/" icon="replay" label="Replays" />
        <button type="button" onClick={() => setPalette(true)}>
          <Icon name="search" />
          Search
        </button>
        <MoreMenu />
      </nav>
      <Suspense>
        {palette ? <Palette onClose={() => setPalette(false)} /> : null}
        {help ? <KeyHelp onClose={() => setHelp(false)} /> : null}
      </Suspense>
    </div>
  );
}

type RailTarget = "/organizations/$org/" | "/organizations/$org/setup-doctor/" | "/organizations/$org/issues/" | "/organizations/$org/replays/" | "/organizations/$org/releases/" | "/organizations/$org/crons/" | "/organizations/$org/feedback/" | "/organizations/$org/alerts/rules/" | "/organizations/$org/settings/projects/";

function useIsCurrent(to: RailTarget): boolean {
  const org = useOrg();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const base = to.replace("$org", org).replace(/(projects|rules)\/$/, "");
  return to === "/organizations/$org/" ? path === base : path.startsWith(base);
}

function TabLink({ to, icon, label }: { to: RailTarget; icon: IconName; label: string }) {
  const org = useOrg();
  const current = useIsCurrent(to);
  return (
    <Link to={to} params={{ org }} activeOptions={{ exact: true }} aria-current={current ? "page" : undefined}>
      <Icon name={icon} />
      {label}
    </Link>
  );
}

/** What has no place of its own in the tab bar of a phone. */
function MoreMenu() {
  const org = useOrg();
  const navigate = useNavigate();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const places = [
    { to: "/organizations/$org/releases/", icon: "release", label: "Releases" },
    { to: "/organizations/$org/crons/", icon: "cron", label: "Crons" },
    { to: "/organizations/$org/feedback/", icon: "feedback", label: "Feedback" },
    { to: "/organizations/$org/alerts/rules/", icon: "alert", label: "Alerts" },
    { to: "/organizations/$org/setup-doctor/", icon: "pulse", label: "Setup doctor" },
    { to: "/organizations/$org/settings/projects/", icon: "gear", label: "Settings" },
  ] as const;
  const here = places.some((p) => path.startsWith(p.to.replace("$org", org).replace(/(projects|rules)\/$/, "")));
  return (
    <Menu
      items={places.map((p) => ({ label: p.label, icon: p.icon, onSelect: () => void navigate({ to: p.to, params: { org } }) }))}
      trigger={
        <button type="button" aria-current={here ? "page" : undefined}>
          <Icon name="dots" />
          More
        </button>
      }
    />
  );
}

function RailLink({ to, icon, label, badge }: { to: RailTarget; icon: IconName; label: string; badge?: number }) {
  const org = useOrg();
  const current = useIsCurrent(to);
  return (
    <Link className="nav" to={to} params={{ org }} activeOptions={{ exact: true }} aria-current={current ? "page" : undefined} title={label}>
      <Icon name={icon} />
      <span>{label}</span>
      {badge ? <span className="n hot">{count(badge)}</span> : null}
    </Link>
  );
}

function Rail({ narrow }: { narrow: boolean }) {
  const org = useOrg();
  const scope = useScope();
  const [, setRail] = usePreference("rail");
  const navigate = useNavigate();
  const { data: organization } = useQuery(getOrganizationOptions(org));
  const { data: organizations } = useQuery(listOrganizationsOptions());
  const { data: counts } = useQuery(issuesCountOptions(org, scope));
  const items = useMemo(
    () =>
      (organizations ?? []).map((o) => ({
        label: o.name,
        checked: o.slug === org,
        onSelect: () => void navigate({ to: "/organizations/$org/issues/", params: { org: o.slug } }),
      })),
    [organizations, org, navigate],
  );
  return (
    <nav className="rail" aria-label="Main">
      <Menu
        align="start"
        heading="Organisation"
        items={items}
        trigger={
          <button type="button" className="proj" title="Switch organisation">
            <Logo />
            <span className="cut">{organization?.name ?? org}</span>
            <span className="vh">, switch organisation</span>
            <Icon name="updown" size="s" />
          </button>
        }
      />
      <RailLink to="/organizations/$org/" icon="home" label="Home" />
      <RailLink to="/organizations/$org/issues/" icon="issue" label="Issues" badge={counts} />
      <RailLink to="/organizations/$org/replays/" icon="replay" label="Replays" />
      <RailLink to="/organizations/$org/crons/" icon="cron" label="Crons" />
      <RailLink to="/organizations/$org/feedback/" icon="feedback" label="Feedback" />
      <RailLink to="/organizations/$org/alerts/rules/" icon="alert" label="Alerts" />
      <RailLink to="/organizations/$org/releases/" icon="release" label="Releases" />
      <div className="gap" />
      <RailLink to="/organizations/$org/setup-doctor/" icon="pulse" label="Setup doctor" />
      <RailLink to="/organizations/$org/settings/projects/" icon="gear" label="Settings" />
      <button type="button" className="nav" onClick={() => setRail(narrow ? "wide" : "narrow")} title={narrow ? "Widen the rail" : "Narrow the rail"}>
        <Icon name="side" />
        <span>{narrow ? "Widen" : "Collapse"}</span>
      </button>
    </nav>
  );
}

export function Logo({ large }: { large?: boolean }) {
  return (
    <svg className={cx("logo", large && "large")} viewBox="0 0 20 20" aria-hidden="true">
      <rect width="20" height="20" rx="5" fill="var(--accent)" />
      <path d="M13.8 6.2v7.6L8 10z" fill="var(--on-accent)" />
      <path d="M6 6.2v7.6" stroke="var(--on-accent)" strokeWidth="1.8" strokeLinecap="round" />
    </svg>
  );
}

function ScopeMenus() {
  const org = useOrg();
  const scope = useScope();
  const navigate = useNavigate();
  const { data: environments } = useQuery(listEnvironmentsOptions(org));
  // The same screen, from its first page on.
  const set = (change: { environment?: string | undefined; statsPeriod?: string | undefined }) =>
    void navigate({ to: "." as never, search: ((s: Record<string, unknown>) => ({ ...s, cursor: undefined, ...change })) as never, replace: true });
  return (
    <>
      <Menu
        heading="Environment"
        items={[
          { label: "All environments", checked: !scope.environment, onSelect: () => set({ environment: undefined }) },
          ...(environments ?? []).filter((e) => e.name !== "").map((e) => ({ label: e.name, checked: e.name === scope.environment, onSelect: () => set({ environment: e.name }) })),
        ]}
        trigger={
          <button type="button" className="btn wide">
            <Icon name="globe" size="s" />
            {scope.environment ?? "All environments"}
            <Icon name="down" size="s" />
          </button>
        }
      />
      <Menu
        heading="Time range"
        items={ranges.map((r) => ({ label: r.label, checked: r.value === (scope.statsPeriod ?? defaultRange), onSelect: () => set({ statsPeriod: r.value === defaultRange ? undefined : r.value }) }))}
        trigger={
          <button type="button" className="btn wide">
            <Icon name="cron" size="s" />
            {rangeLabel(scope.statsPeriod)}
            <Icon name="down" size="s" />
          </button>
        }
      />
    </>
  );
}

function Me() {
  const { data: me } = useQuery(getAuthOptions());
  const queries = useQueryClient();
  const navigate = useNavigate();
  if (!me) return null;
  return (
    <Menu
      heading={me.email}
      items={[
        {
          label: "Sign out",
          icon: "left",
          onSelect: () =>
            void signOut().then(() => {
              queries.clear();
              return navigate({ to: "/sign-in/" });
            }),
        },
      ]}
      trigger={
        <button type="button" className="me" title={me.email}>
          <Avatar name={me.name || me.email} large />
          <span className="vh">Signed in as {me.email}</span>
        </button>
      }
    />
  );
}

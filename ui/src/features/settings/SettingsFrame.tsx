import { Link } from "@tanstack/react-router";
import { useEffect, useRef, type ReactNode } from "react";
import { useOrg, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Icon } from "@/components/Icon";
import "./settings.css";

/** The settings' own tabs, around one of its pages. */
export function SettingsFrame({ title, end, children }: { title: string; end?: ReactNode; children: ReactNode }) {
  const org = useOrg();
  useTitle(title);
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the tabs are wider than the screen: the chosen one is brought into sight.
    const [nav, chosen] = [tabs.current, tabs.current?.querySelector<HTMLElement>("[aria-current]")];
    if (nav && chosen) nav.scrollLeft = chosen.offsetLeft - nav.offsetLeft - 16;
  }, []);
  return (
    <div className="set">
      <Crumb>
        <span>Settings</span>
        <Icon name="right" size="xs" />
        <b className="cut">{title}</b>
      </Crumb>
      <nav className="tabs" aria-label="Settings" ref={tabs}>
        <Link to="/organizations/$org/settings/projects/" params={{ org }} activeOptions={{ includeSearch: false }}>
          Projects
        </Link>
        <Link to="/organizations/$org/settings/access/" params={{ org }} activeOptions={{ includeSearch: false }}>
          Members and tokens
        </Link>
        <Link to="/organizations/$org/settings/limits/" params={{ org }} activeOptions={{ includeSearch: false }}>
          Limits
        </Link>
        <Link to="/organizations/$org/settings/storage/" params={{ org }} activeOptions={{ includeSearch: false }}>
          Storage
        </Link>
        <Link to="/organizations/$org/settings/dead-letters/" params={{ org }} activeOptions={{ includeSearch: false }}>
          Dead letters
        </Link>
        <Link to="/organizations/$org/settings/audit-log/" params={{ org }} activeOptions={{ includeSearch: false }}>
          Audit log
        </Link>
      </nav>
      <div className="set-h">
        <h1>{title}</h1>
        <span className="sp" />
        {end}
      </div>
      {children}
    </div>
  );
}

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOrg, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Icon } from "@/components/Icon";
import "./alerts.css";

/** The tabs of alerts, around one of its pages. */
export function AlertsFrame({ title, end, children }: { title: string; end?: ReactNode; children: ReactNode }) {
  const org = useOrg();
  useTitle(`${title} · Alerts`);
  return (
    <div className="al">
      <Crumb>
        <span>Alerts</span>
        <Icon name="right" size="xs" />
        <b className="cut">{title}</b>
      </Crumb>
      <nav className="tabs" aria-label="Alerts">
        <Link to="/organizations/$org/alerts/rules/" params={{ org }} activeOptions={{ includeSearch: false }}>
          Rules
        </Link>
        <Link to="/organizations/$org/alerts/channels/" params={{ org }} activeOptions={{ includeSearch: false }}>
          Channels
        </Link>
        <Link to="/organizations/$org/alerts/log/" params={{ org }} activeOptions={{ includeSearch: false }}>
          Delivery log
        </Link>
      </nav>
      <div className="al-h">
        <h1>{title}</h1>
        <span className="sp" />
        {end}
      </div>
      {children}
    </div>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { getAuthOptions, listProjectsOptions } from "@/api/gen/@tanstack/react-query.gen";
import type { Project } from "@/api/gen";
import { sideOf, type Side } from "@/lib/trace";

/** The organisation in the address. */
export function useOrg(): string {
  return useParams({ from: "/organizations/$org" }).org;
}

/** Environment and time range, from the address. */
export function useScope() {
  return useSearch({ from: "/organizations/$org" });
}

export function useProjects(): { projects: Project[]; bySlug: (slug: string) => Project | undefined; sideOfProject: (slug: string) => Side } {
  const org = useOrg();
  const { data } = useQuery({ ...listProjectsOptions({ path: { org }, query: { per_page: 100 } }), staleTime: 60_000 });
  const projects = data ?? [];
  const bySlug = (slug: string) => projects.find((p) => p.slug === slug);
  return { projects, bySlug, sideOfProject: (slug) => sideOf({ platform: bySlug(slug)?.platform ?? null }) };
}

export function useTitle(title: string) {
  useEffect(() => {
    document.title = title ? `${title} · Hindsight` : "Hindsight";
  }, [title]);
}

/** Who is signed in; undefined until that is known. */
export function useMe() {
  return useQuery({ ...getAuthOptions(), staleTime: 60_000 }).data;
}

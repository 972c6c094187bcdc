import { useQuery, type UseQueryOptions } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Failed, SkeletonLines } from "@/components/states";
import { SettingsFrame } from "./SettingsFrame";

/** A project, as the API's paths name it. */
export interface ProjectPath {
  org: string;
  project: string;
}

/** What a project's form begins with: read once, never while somebody types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function useSaved<T>(options: UseQueryOptions<T, any, T, any>) {
  return useQuery({ ...options, refetchOnWindowFocus: false });
}

/** One of a project's settings pages: its title and the way back; while what is saved is not here yet, or cannot be had, that instead. */
export function ProjectFrame<T>({ path, title, what, saved, children }: { path: ProjectPath; title: string; what: string; saved: ReturnType<typeof useSaved<T>>; children: (data: T) => ReactNode }) {
  return (
    <SettingsFrame
      title={title}
      end={
        <Link className="btn" to="/organizations/$org/settings/projects/$project/" params={path}>
          Keys and set-up
        </Link>
      }
    >
      {saved.isError ? <Failed what={what} error={saved.error} retry={() => void saved.refetch()} /> : saved.data === undefined ? <SkeletonLines lines={10} label="Loading the rules" /> : children(saved.data)}
    </SettingsFrame>
  );
}

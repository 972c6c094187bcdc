/** Where one HTML file with an error and the recording around it is saved from. */
export const evidenceUrl = (org: string, project: string, event: string, replay: string): string =>
  `/api/0/projects/${encodeURIComponent(org)}/${encodeURIComponent(project)}/events/${event}/evidence/?replay=${replay}`;

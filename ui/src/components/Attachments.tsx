import { useState } from "react";
import type { Attachment } from "@/api/gen";
import { bytes } from "@/lib/format";
import { Icon } from "./Icon";
import "./attachments.css";

/** Pictures a browser draws without running anything; a larger one is only offered to save. */
const drawn = /^image\/(png|jpeg|webp|gif|avif)$/;
const MAX_DRAWN = 10 << 20; // bytes

export const isPicture = (a: Pick<Attachment, "mimetype" | "name" | "size">): boolean => (drawn.test(a.mimetype) || (a.mimetype === "application/octet-stream" && /\.(png|jpe?g|webp|gif|avif)$/i.test(a.name))) && a.size <= MAX_DRAWN;

/** Files that came with an event or a report: pictures are seen, the others have a name and a size. */
export function Attachments({ org, project, event, files }: { org: string; project: string; event: string; files: Attachment[] }) {
  const url = (a: Attachment) => `/api/0/projects/${org}/${project}/events/${event}/attachments/${a.id}/?download=1`;
  const [broken, setBroken] = useState<string[]>([]);
  const seen = (a: Attachment) => isPicture(a) && !broken.includes(a.id);
  const pictures = files.filter(seen);
  return (
    <div className="files">
      {pictures.length > 0 ? (
        <ul className="files-p">
          {pictures.map((a) => (
            <li key={a.id}>
              <a href={url(a)} download={a.name} title={`Save ${a.name}`}>
                <img src={url(a)} alt={a.name} loading="lazy" onError={() => setBroken((b) => [...b, a.id])} />
                <span className="cut">{a.name}</span>
                <span className="t3 num nowrap">{bytes(a.size)}</span>
              </a>
            </li>
          ))}
        </ul>
      ) : null}
      <ul>
        {files
          .filter((a) => !seen(a))
          .map((a) => (
            <li key={a.id}>
              <a className="files-r" href={url(a)} download={a.name}>
                <Icon name="log" size="s" />
                <span className="code t1 cut">{a.name}</span>
                <span className="t3 cut hide-s">{a.mimetype}</span>
                <span className="sp" />
                <span className="t3 num nowrap">{bytes(a.size)}</span>
              </a>
            </li>
          ))}
      </ul>
    </div>
  );
}

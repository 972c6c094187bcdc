import type { ReactNode } from "react";
import { errorMessage } from "@/api/client";
import { Dialog } from "./Dialog";

interface Props {
  /** A question: what is about to go. */
  title: string;
  /** What will happen, and what stays. */
  children: ReactNode;
  /** What is done, as the button says it. */
  action: string;
  keep?: string;
  busy: boolean;
  error: unknown;
  onYes: () => void;
  onClose: () => void;
}

/** Asks before something goes for good. It closes by the caller's hand once that is done. */
export function Ask({ title, children, action, keep = "Keep it", busy, error, onYes, onClose }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="ask">
        <p>{children}</p>
        {error ? (
          <p className="small red" role="alert">
            {errorMessage(error)}
          </p>
        ) : null}
        <div className="row">
          <button type="button" className="btn danger" disabled={busy} onClick={onYes}>
            {busy ? "A moment…" : action}
          </button>
          <button type="button" className="btn bare" onClick={onClose}>
            {keep}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

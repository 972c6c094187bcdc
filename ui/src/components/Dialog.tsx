import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { Icon } from "./Icon";

/** A window over the page; closes by escape, by its cross and by a click beside it. */
export function Dialog({ title, hideTitle, onClose, children }: { title: string; hideTitle?: boolean; onClose: () => void; children: ReactNode }) {
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="scrim" />
        <Base.Popup className="pop dialog">
          <Base.Title className={hideTitle ? "vh" : "dialog-h"}>{title}</Base.Title>
          {hideTitle ? null : (
            <Base.Close className="pb dialog-x" aria-label="Close">
              <Icon name="x" size="s" />
            </Base.Close>
          )}
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

import { Menu as Base } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";
import { Icon, type IconName } from "./Icon";

export interface MenuItem {
  label: ReactNode;
  icon?: IconName;
  checked?: boolean;
  onSelect: () => void;
}

interface Props {
  trigger: ReactElement;
  items: (MenuItem | "rule")[];
  heading?: string;
  align?: "start" | "end";
  /** Whether it is open, when something else than its button opens it too. */
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}

/** A button that opens a list of things to do or to choose. */
export function Menu({ trigger, items, heading, align = "end", open, onOpenChange }: Props) {
  return (
    <Base.Root modal={false} open={open} onOpenChange={onOpenChange}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className="popup" sideOffset={4} align={align}>
          <Base.Popup className="pop menu">
            {heading ? <div className="mh">{heading}</div> : null}
            {items.map((item, i) =>
              item === "rule" ? (
                <hr key={`rule-${i}`} />
              ) : (
                <Base.Item key={i} onClick={item.onSelect}>
                  {item.icon ? <Icon name={item.icon} size="s" /> : null}
                  <span>{item.label}</span>
                  {item.checked ? <Icon name="check" size="s" /> : null}
                </Base.Item>
              ),
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

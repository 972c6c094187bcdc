import { useEffect, useState } from "react";

/** Copies text; `copied` is true for two seconds after. */
export function useCopy(): { copied: boolean; copy: (text: string) => void } {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = window.setTimeout(() => setCopied(false), 2000);
    return () => window.clearTimeout(timer);
  }, [copied]);
  return {
    copied,
    copy: (text) => {
      copyText(text).then(
        () => setCopied(true),
        () => setCopied(false),
      );
    },
  };
}

/** Over plain HTTP on another host there is no clipboard API: a selected field and the old command do it. */
async function copyText(text: string) {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.className = "vh";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

import { useEffect, useState } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";

const SHOWN_MS = 1500;

/** Copies a text; the first value tells for a moment that it was. */
export function useCopy(): [boolean, (text: string) => void] {
  const t = useT();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (text: string) => {
    // Without TLS on another machine the browser has no clipboard for pages.
    if (!navigator.clipboard) return toast({ text: t("common.noClipboard"), bad: true });
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => toast({ text: t("common.noClipboard"), bad: true }),
    );
  };
  return [copied, copy];
}

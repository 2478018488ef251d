import { ChevronLeft, ChevronRight } from "lucide-react";
import { useT } from "@/i18n";
import type { Message } from "./types";

type VersionsProps = { of: Message; all: readonly Message[]; onShow: (message: string) => void };

/** ‹ 2/3 ›: the other versions of a message. */
export function Versions({ of, all, onShow }: VersionsProps) {
  const t = useT();
  const at = all.findIndex((one) => one.id === of.id);
  if (all.length < 2 || at < 0) return null;
  const step = (label: string, to: Message | undefined, icon: React.ReactNode) => (
    <button
      type="button"
      aria-label={label}
      aria-disabled={!to}
      className="flex h-8 w-6 items-center justify-center rounded-sm hover:bg-hover hover:text-ink aria-disabled:opacity-40 coarse:size-11"
      onClick={() => to && onShow(to.id)}
    >
      {icon}
    </button>
  );
  return (
    <div role="group" aria-label={t("chat.versions")} className="flex items-center text-sm text-quiet tabular-nums">
      {step(t("chat.versionBefore"), all[at - 1], <ChevronLeft aria-hidden className="size-4" />)}
      <span>
        {at + 1}/{all.length}
      </span>
      {step(t("chat.versionAfter"), all[at + 1], <ChevronRight aria-hidden className="size-4" />)}
    </div>
  );
}

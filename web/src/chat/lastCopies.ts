import { useT } from "@/i18n";
import { useCopy } from "@/parts/useCopy";
import { toast } from "@/shell/toasts";
import { useShortcut } from "@/shell/shortcuts";
import type { Message } from "./types";

/** Keys that copy the last answer, and the last code in it. */
export function useLastCopies(branch: readonly Message[]): void {
  const t = useT();
  const [, copy] = useCopy();
  const last = branch.findLast((message) => message.role === "assistant" && message.content !== "");
  useShortcut(
    "copyAnswer",
    () => {
      if (!last) return;
      copy(last.content);
      toast({ text: t("common.copied") });
    },
    last !== undefined,
  );
  useShortcut(
    "copyCode",
    async () => {
      const { blocksOf } = await import("@/parts/markdown/grammar");
      const code = blocksOf(last?.content ?? "").findLast((token) => token.type === "code");
      if (!code || !("text" in code)) return;
      copy(code.text);
      toast({ text: t("common.copied") });
    },
    last !== undefined,
  );
}

import { useLanguage, useT } from "@/i18n";
import { Hint } from "@/ui/Hint";
import type { Message } from "./types";
import { isOut, useVerdict } from "./verdict";

/** By whom, how much, how fast: one quiet line that opens the whole story. */
export function RunLine({ message, drawing, onInspect }: { message: Message; drawing: boolean; onInspect: () => void }) {
  const t = useT();
  const number = new Intl.NumberFormat(useLanguage());
  const verdict = useVerdict();
  const { deployment, usage, timings, content_filters: filters } = message;
  const facts = [
    deployment,
    !drawing && usage && t.count("chat.tokens", usage.output_tokens),
    timings?.first_token_ms !== null && timings?.first_token_ms !== undefined && `${number.format(timings.first_token_ms)} ms`,
    filters && t("run.filtered", { found: verdict(filters) || t(isOut(filters) ? "verdict.out" : "verdict.nothing") }),
  ].filter(Boolean);
  if (!message.response_id) return null;
  return (
    <Hint text={t("run.open")}>
      <button type="button" className="ml-1 min-h-8 rounded-sm px-2 text-left text-sm tabular-nums hover:bg-hover hover:text-ink coarse:min-h-11" onClick={onInspect} data-run>
        {facts.length > 0 ? facts.join(" · ") : t("run.open")}
      </button>
    </Hint>
  );
}

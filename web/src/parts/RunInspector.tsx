import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api } from "@/api/client";
import type { Message } from "@/chat/types";
import { isEnded, isOut, useVerdict } from "@/chat/verdict";
import { type TextKey, useLanguage, useT } from "@/i18n";
import { Skeleton } from "@/ui/Skeleton";
import type { CallBody } from "./callCode";
import { useErrorText } from "./ErrorState";
import { ViewCode } from "./ViewCode";

const STATUSES: Record<Message["status"], TextKey> = {
  in_progress: "run.inProgress",
  completed: "run.completed",
  incomplete: "run.incomplete",
  failed: "run.failed",
  cancelled: "run.cancelled",
};

/** One answer as it was made: by what, how fast, for how many tokens, and the call that made it. */
export default function RunInspector({ message }: { message: Message }) {
  const t = useT();
  const language = useLanguage();
  const errorText = useErrorText();
  const { data: body, error } = useQuery({
    queryKey: ["request", message.id],
    queryFn: ({ signal }) => api.get<CallBody>(`/v1/chats/${message.chat}/messages/${message.id}/request`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: message.response_id !== null,
  });
  const number = new Intl.NumberFormat(language);
  const ms = (value: number | null | undefined) => (value === null || value === undefined ? null : `${number.format(value)} ms`);
  const verdict = useVerdict();
  const { usage, timings } = message;
  const speed =
    usage && timings?.total_ms && timings.first_token_ms !== null && timings.total_ms > timings.first_token_ms
      ? (usage.output_tokens / (timings.total_ms - timings.first_token_ms)) * 1000
      : null;
  const filterRows = (message.content_filters ?? []).map((filter): [TextKey, string] => [
    filter.source_type === "prompt" ? "run.promptFilter" : "run.answerFilter",
    verdict([filter]) || t(isOut([filter]) ? "verdict.out" : "verdict.nothing"),
  ]);
  const rows: [TextKey, string | null][] = [
    ["run.deployment", message.deployment],
    ["run.status", t(isEnded(message.content_filters) ? "run.endedByFilter" : STATUSES[message.status])],
    ["run.tokensIn", usage && number.format(usage.input_tokens)],
    ["run.tokensOut", usage && number.format(usage.output_tokens)],
    ["run.firstToken", ms(timings?.first_token_ms)],
    ["run.total", ms(timings?.total_ms)],
    ["run.speed", speed === null ? null : t("run.perSecond", { count: Math.round(speed) })],
    ...filterRows,
    ["run.when", new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(message.created * 1000)],
    ["run.response", message.response_id],
  ];
  return (
    <div className="flex flex-col gap-6">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-2">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name} className="contents">
                <dt className="text-quiet">{t(name)}</dt>
                <dd className="min-w-0 text-end break-all tabular-nums">{value}</dd>
              </div>
            ),
        )}
      </dl>
      {message.response_id && (
        <Link href={`/console/runs/run_${message.response_id.replace("resp_", "")}`} className="w-fit underline underline-offset-4">
          {t("run.openInConsole")}
        </Link>
      )}
      <section>
        <h3 className="mb-2 font-semibold">{t("code.title")}</h3>
        {body ? <ViewCode call={{ route: "/responses", body }} /> : error ? <p role="alert">{errorText(error)}</p> : message.response_id ? <Skeleton className="h-32" /> : <p className="text-quiet">{t("run.noCall")}</p>}
      </section>
    </div>
  );
}

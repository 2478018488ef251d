import { useQuery } from "@tanstack/react-query";
import { ImageIcon } from "lucide-react";
import { useEffect } from "react";
import { useParams } from "wouter";
import { api } from "@/api/client";
import { useLanguage, useT } from "@/i18n";
import { Answer } from "@/parts/Answer";
import { EmptyState } from "@/parts/EmptyState";
import { ErrorState } from "@/parts/ErrorState";
import { ApiError } from "@/api/client";
import { Mark } from "@/shell/Mark";
import { pictureWish } from "./pictureWish";
import type { SharedChat } from "./types";

/** /s/:share: what a link shows, to anybody, to read. */
export default function SharedPage() {
  const t = useT();
  const language = useLanguage();
  const { share } = useParams<{ share: string }>();
  const { data, error, refetch } = useQuery({
    queryKey: ["shared", share],
    queryFn: ({ signal }) => api.get<SharedChat>(`/v1/chats/shared/${share}`, { signal }),
  });
  useEffect(() => {
    if (data) document.title = `${data.title || t("chat.untitled")} · Pleiade`;
  }, [data, t]);
  if (error instanceof ApiError && error.status === 404) {
    return (
      <main className="flex h-dvh">
        <EmptyState title={t("share.gone")}>{t("share.goneWhy")}</EmptyState>
      </main>
    );
  }
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  const date = new Intl.DateTimeFormat(language, { dateStyle: "long" });
  return (
    <main className="mx-auto max-w-read px-4 pb-16">
      <header className="flex items-start gap-3 border-b border-line py-6">
        <Mark className="mt-0.5 size-8 shrink-0" />
        <div className="min-w-0">
          <h1 className="text-lg font-semibold break-words" dir="auto">
            {data.title || t("chat.untitled")}
          </h1>
          <p className="text-sm text-quiet">{t("share.snapshot", { date: date.format(data.created * 1000), until: date.format(data.expires_at * 1000) })}</p>
        </div>
      </header>
      {data.messages.map((message, index) =>
        message.role === "user" ? (
          <article key={index} aria-label={t("share.asked")} className="flex flex-col items-end gap-1 pt-6">
            {message.attachments.length > 0 && <p className="text-sm text-quiet">{message.attachments.join(", ")}</p>}
            <div className="max-w-[85%] rounded-lg bg-hover px-4 py-2.5 text-read break-words whitespace-pre-wrap" dir="auto">
              {pictureWish(message.content)?.words ?? message.content}
            </div>
          </article>
        ) : (
          <article key={index} aria-label={t("chat.answer")} className="pt-4">
            <Answer text={message.content} />
            {message.attachments.map((name) => (
              <p key={name} className="flex items-center gap-2 text-quiet" dir="auto">
                <ImageIcon role="img" aria-label={t("chat.picture")} className="size-4 shrink-0" />
                {name}
              </p>
            ))}
            <p className="mt-1 text-sm text-quiet">{message.deployment}</p>
          </article>
        ),
      )}
    </main>
  );
}

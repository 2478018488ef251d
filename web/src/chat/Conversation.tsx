import { ArrowDown } from "lucide-react";
import { type ReactNode, useEffect, useMemo } from "react";
import { useT } from "@/i18n";
import { Exchange, type TurnActions } from "./Exchange";
import { branchTo, versionsOf } from "./tree";
import type { Message } from "./types";
import type { useFollow } from "./useFollow";

type ConversationProps = {
  messages: readonly Message[];
  current: string | null;
  /** The last question was asked here just now: it stands near the top while its answer grows. */
  anchored: boolean;
  /** Questions whose answers were refused, and why. */
  refusals: ReadonlyMap<string, string>;
  /** The question whose answers are compared. */
  compared: string | null;
  /** A message to be shown first. */
  at: string | null;
  actions: TurnActions;
  follow: ReturnType<typeof useFollow>;
  /** What a screen reader is told once an answer is whole. */
  told: string;
  children: ReactNode;
};

/** The branch of a chat that is shown, and below it where one writes (`children`). */
export function Conversation({ messages, current, anchored, refusals, compared, at, actions, follow, told, children }: ConversationProps) {
  const t = useT();
  const exchanges = useMemo(() => exchangesOf(branchTo(messages, current)), [messages, current]);
  const { scroller, content, away, toLatest } = follow;
  useEffect(() => {
    if (at) document.getElementById(at)?.scrollIntoView({ block: "start" });
  }, [at]);
  return (
    <>
      <div ref={scroller} className="min-h-0 grow [overflow-anchor:none] overflow-y-auto [contain:strict]" tabIndex={0} role="region" aria-label={t("chat.messages")}>
        {/* A log, whose words are not read out one by one: the line below tells the whole answer once. */}
        <div ref={content} role="log" aria-live="off" aria-label={t("chat.messages")} className="pt-2 pb-10">
          {exchanges.map(({ question, answer }, index) => (
            <Exchange
              key={question?.id ?? answer?.id}
              question={question}
              answer={answer}
              messages={messages}
              family={familyOf(messages, question, answer)}
              compared={question !== null && compared === question.id}
              anchored={anchored && index === exchanges.length - 1}
              refusal={question ? (refusals.get(question.id) ?? null) : null}
              actions={actions}
            />
          ))}
        </div>
      </div>
      <div aria-live="polite" className="sr-only">
        {told}
      </div>
      <div className="relative mx-auto w-full max-w-read px-4 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
        {away && (
          <button
            type="button"
            className="absolute -top-11 left-1/2 flex h-9 -translate-x-1/2 items-center gap-1.5 rounded-full border border-line bg-raised px-3 text-sm whitespace-nowrap shadow-lift hover:bg-hover coarse:h-11"
            onClick={toLatest}
          >
            <ArrowDown aria-hidden className="size-4" />
            {t("chat.latest")}
          </button>
        )}
        {children}
      </div>
    </>
  );
}

function exchangesOf(branch: readonly Message[]): { question: Message | null; answer: Message | null }[] {
  const exchanges: { question: Message | null; answer: Message | null }[] = [];
  for (const message of branch) {
    const last = exchanges.at(-1);
    if (message.role === "user") exchanges.push({ question: message, answer: null });
    else if (last?.question && !last.answer) last.answer = message;
    else exchanges.push({ question: null, answer: message });
  }
  return exchanges;
}

function familyOf(messages: readonly Message[], ...both: (Message | null)[]): string {
  return both.flatMap((one) => (one ? versionsOf(messages, one) : [])).map((one) => one.id).join();
}

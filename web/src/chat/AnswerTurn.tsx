import { lazy, Suspense, useState } from "react";
import { useT, withTexts } from "@/i18n";
import { FeedbackForm, type Rating, Thumbs } from "@/parts/FeedbackBar";
import { useCopy } from "@/parts/useCopy";
import { usePreferences } from "@/shell/preferences";
import { Skeleton } from "@/ui/Skeleton";
import { AgainMenu } from "./AgainMenu";
import { AnswerEnd } from "./AnswerEnd";
import { CopyButton } from "./CopyButton";
import { useDraft } from "./drafts";
import { Pictures } from "./Pictures";
import { RunLine } from "./RunLine";
import type { Message } from "./types";
import { Versions } from "./Versions";

// Reading Markdown is not needed to ask: it comes beside the first page, and is there before the first answer.
const reader = import("@/parts/Answer");
const Answer = lazy(async () => ({ default: (await reader).Answer }));
const Calls = lazy(() => withTexts("called", import("./Calls")));

export type AnswerActions = {
  onAgain: (deployment: string | null, beside: boolean) => void;
  onShow: (message: string) => void;
  onInspect: (message: string) => void;
  onRate: (message: Message, rating: Rating | null) => void;
  onChangePicture: () => void;
};

type AnswerTurnProps = {
  message: Message;
  versions: readonly Message[];
  actions: AnswerActions;
  /** Its question asked for a picture. */
  drawing: boolean;
  beside?: boolean;
};

/** An answer: the page itself, without a bubble. Only this part of the page is drawn again while it is written. */
export function AnswerTurn({ message, versions, actions, drawing, beside = false }: AnswerTurnProps) {
  const t = useT();
  const { streaming } = usePreferences();
  const draft = useDraft(message.id);
  const [telling, setTelling] = useState(false);
  const [copied, copy] = useCopy();
  const shown = message.status === "in_progress" && draft ? draft : { text: message.content, calls: message.calls, status: message.status, thinking: false, error: message.error?.message ?? null, filters: message.content_filters };
  const picture = draft?.picture ?? null;
  const called = shown.calls.length > 0 || picture !== null;
  const writing = shown.status === "in_progress";
  const text = writing && !streaming ? "" : shown.text;
  return (
    <article id={message.id} aria-label={t("chat.answer")} aria-busy={writing} className="group flex min-w-0 flex-col pt-2 pb-4" data-answer>
      {text && (
        <Suspense fallback={<Skeleton className="my-1 w-2/3" />}>
          <Answer text={text} writing={writing} />
        </Suspense>
      )}
      <Pictures files={message.attachments} />
      {called && (
        <Suspense fallback={<Skeleton className="my-2 h-80 w-80 max-w-full" />}>
          <Calls message={message} calls={shown.calls} picture={picture} drawing={writing && drawing} onChange={actions.onChangePicture} />
        </Suspense>
      )}
      {writing && !text && <Waiting text={t(drawing ? "chat.drawing" : shown.thinking ? "chat.thinking" : "chat.writing")} />}
      {!writing && (
        <>
          <AnswerEnd status={shown.status} error={shown.error} filters={shown.filters} empty={!shown.text && !called && message.attachments.length === 0} onAgain={() => actions.onAgain(null, false)} />
          <div className="mt-1 -ml-1.5 flex min-h-8 flex-wrap items-center text-quiet">
            {!beside && <Versions of={message} all={versions} onShow={actions.onShow} />}
            {!drawing && <CopyButton copied={copied} onClick={() => copy(shown.text)} />}
            <Thumbs
              given={message.feedback}
              onRate={(verdict) => {
                actions.onRate(message, { verdict, reasons: [], correction: null, consent: message.feedback?.consent ?? false });
                setTelling(true);
              }}
              onTakeBack={() => {
                actions.onRate(message, null);
                setTelling(false);
              }}
            />
            <AgainMenu deployment={message.deployment} drawing={drawing} onAgain={actions.onAgain} />
            <RunLine message={message} drawing={drawing} onInspect={() => actions.onInspect(message.id)} />
          </div>
          {telling && message.feedback && (
            <FeedbackForm
              key={message.feedback.verdict}
              given={message.feedback}
              answer={shown.text}
              onClose={() => setTelling(false)}
              onSave={(rating) => {
                actions.onRate(message, rating);
                setTelling(false);
              }}
            />
          )}
        </>
      )}
    </article>
  );
}

function Waiting({ text }: { text: string }) {
  return <p className="animate-pulse text-read text-quiet">{text}</p>;
}

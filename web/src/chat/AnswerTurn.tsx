import { useState } from "react";
import { useT } from "@/i18n";
import { Answer } from "@/parts/Answer";
import { FeedbackForm, type Rating, Thumbs } from "@/parts/FeedbackBar";
import { useCopy } from "@/parts/useCopy";
import { usePreferences } from "@/shell/preferences";
import { AgainMenu } from "./AgainMenu";
import { AnswerEnd } from "./AnswerEnd";
import { CopyButton } from "./CopyButton";
import { useDraft } from "./drafts";
import { Pictures } from "./Pictures";
import { RunLine } from "./RunLine";
import type { Message } from "./types";
import { Versions } from "./Versions";

export type AnswerActions = {
  onAgain: (deployment: string | null, beside: boolean) => void;
  onShow: (message: string) => void;
  onInspect: (message: string) => void;
  onRate: (message: Message, rating: Rating | null) => void;
};

type AnswerTurnProps = { message: Message; versions: readonly Message[]; actions: AnswerActions; beside?: boolean };

/** An answer: the page itself, without a bubble. Only this part of the page is drawn again while it is written. */
export function AnswerTurn({ message, versions, actions, beside = false }: AnswerTurnProps) {
  const t = useT();
  const { streaming } = usePreferences();
  const draft = useDraft(message.id);
  const [telling, setTelling] = useState(false);
  const [copied, copy] = useCopy();
  const shown = message.status === "in_progress" && draft ? draft : { text: message.content, status: message.status, thinking: false, error: message.error?.message ?? null };
  const writing = shown.status === "in_progress";
  const text = writing && !streaming ? "" : shown.text;
  return (
    <article id={message.id} aria-label={t("chat.answer")} aria-busy={writing} className="group flex min-w-0 flex-col pt-2 pb-4" data-answer>
      {text && <Answer text={text} writing={writing} />}
      <Pictures files={message.attachments} />
      {writing && !text && <Waiting text={shown.thinking ? t("chat.thinking") : t("chat.writing")} />}
      {!writing && (
        <>
          <AnswerEnd status={shown.status} error={shown.error} empty={!shown.text && message.attachments.length === 0} onAgain={() => actions.onAgain(null, false)} />
          <div className="mt-1 -ml-1.5 flex min-h-8 flex-wrap items-center text-quiet">
            {!beside && <Versions of={message} all={versions} onShow={actions.onShow} />}
            <CopyButton copied={copied} onClick={() => copy(shown.text)} />
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
            <AgainMenu deployment={message.deployment} onAgain={actions.onAgain} />
            <RunLine message={message} onInspect={() => actions.onInspect(message.id)} />
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

import { memo } from "react";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/classes";
import { AnswerEnd } from "./AnswerEnd";
import { type AnswerActions, AnswerTurn } from "./AnswerTurn";
import { onItsWay } from "./asking";
import { pictureWish } from "./pictureWish";
import { QuestionTurn } from "./QuestionTurn";
import { versionsOf } from "./tree";
import type { Message } from "./types";

export type TurnActions = Omit<AnswerActions, "onAgain"> & {
  onEdit: (question: Message, content: string) => void;
  onAgain: (question: string, deployment: string | null, beside: boolean) => void;
  onKeep: (message: string) => void;
};

type ExchangeProps = {
  question: Message | null;
  answer: Message | null;
  messages: readonly Message[];
  /** Which versions there are of both, in a word: other changes of `messages` are none of this exchange's. */
  family: string;
  /** Show all answers side by side. */
  compared: boolean;
  /** It was just asked: it stands at the top, with room for its answer below. */
  anchored: boolean;
  refusal: string | null;
  actions: TurnActions;
};

/** A question and its answer. */
export const Exchange = memo(ExchangeView, (before, now) => {
  const { messages: _, ...rest } = now;
  return !now.compared && (Object.keys(rest) as (keyof typeof rest)[]).every((name) => before[name] === now[name]);
});

function ExchangeView({ question, answer, messages, compared, anchored, refusal, actions }: ExchangeProps) {
  const again = (deployment: string | null, beside: boolean) => question && actions.onAgain(question.id, deployment, beside);
  const own: AnswerActions = { ...actions, onAgain: again };
  const drawing = question !== null && pictureWish(question.content) !== null;
  const answers = answer ? versionsOf(messages, answer) : [];
  const waits = question && !answer && !onItsWay(question);
  return (
    <section
      className={cx(
        "mx-auto w-full px-4 [content-visibility:auto] [contain-intrinsic-block-size:auto_24rem]",
        compared && answers.length > 1 ? "max-w-6xl" : "max-w-read",
        anchored && "min-h-[calc(var(--room)-2.5rem)]",
      )}
    >
      {question && (
        <QuestionTurn message={question} versions={versionsOf(messages, question)} onEdit={(content) => actions.onEdit(question, content)} onShow={actions.onShow} />
      )}
      {compared && answers.length > 1 ? (
        <SideBySide answers={answers} actions={own} drawing={drawing} onKeep={actions.onKeep} />
      ) : (
        answer && <AnswerTurn key={answer.id} message={answer} versions={answers} actions={own} drawing={drawing} />
      )}
      {waits && (refusal || !anchored) && <AnswerEnd status={refusal ? "failed" : "completed"} error={refusal} empty onAgain={() => again(null, false)} />}
    </section>
  );
}

type SideBySideProps = { answers: readonly Message[]; actions: AnswerActions; drawing: boolean; onKeep: (message: string) => void };

function SideBySide({ answers, actions, drawing, onKeep }: SideBySideProps) {
  const t = useT();
  return (
    <div className="flex snap-x gap-6 overflow-x-auto pb-2" tabIndex={0} role="group" aria-label={t("chat.compare")}>
      {answers.map((answer) => (
        <div key={answer.id} className="flex min-w-[min(24rem,85vw)] flex-1 snap-start flex-col border-line not-first:border-l not-first:pl-6">
          <div className="flex items-center justify-between gap-2 pt-2">
            <h3 className="truncate text-sm text-quiet">{answer.deployment}</h3>
            <Button onClick={() => onKeep(answer.id)}>{t("chat.keep")}</Button>
          </div>
          <AnswerTurn message={answer} versions={answers} actions={actions} drawing={drawing} beside />
        </div>
      ))}
    </div>
  );
}

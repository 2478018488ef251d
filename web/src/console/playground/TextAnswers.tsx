import { useState } from "react";
import { useT } from "@/i18n";
import { useCopy } from "@/parts/useCopy";
import { Button } from "@/ui/Button";
import type { Inputs, Turn } from "./bench";
import type { Choice } from "./made";
import { TokensView } from "./TokensView";
import { ToolCalls } from "./ToolCalls";
import type { Run } from "./useRun";

type TextAnswersProps = {
  run: Run;
  input: Inputs["chat"];
  onTurns: (turns: Turn[], mocks: Inputs["chat"]["mocks"]) => void;
  onAskTurns: (turns: Turn[], mocks: Inputs["chat"]["mocks"]) => void;
};

/** The answers to a conversation: each with what it can be used for. */
export function TextAnswers({ run, input, onTurns, onAskTurns }: TextAnswersProps) {
  const t = useT();
  const { choices } = run.made;
  const turnOf = ({ text, calls }: Choice): Turn => (calls.length > 0 ? { role: "assistant", content: text, calls: [...calls] } : { role: "assistant", content: text });
  if (choices.length === 0 && run.state === "running") return <p className="animate-pulse text-quiet">{t("play.asking")}</p>;
  return choices.map((choice, index) => (
    <div key={index} className="flex min-w-0 flex-col gap-2 border-line not-first:border-t not-first:pt-3">
      {choices.length > 1 && <h3 className="text-xs text-quiet">{t("play.choice", { count: index + 1 })}</h3>}
      {choice.reasoning && <p className="border-l-2 border-line pl-3 whitespace-pre-wrap text-quiet">{choice.reasoning}</p>}
      <AnswerText choice={choice} />
      {choice.calls.length > 0 && run.state !== "running" && (
        <ToolCalls
          calls={choice.calls}
          mocks={input.mocks}
          onAnswer={(results) => {
            const answers = choice.calls.map((call, place): Turn => ({ role: "tool", answers: call.id, content: results[place] ?? "" }));
            const mocks = Object.fromEntries(choice.calls.map((call, place) => [call.name, results[place] ?? ""]));
            onAskTurns([...input.turns, turnOf(choice), ...answers], { ...input.mocks, ...mocks });
          }}
        />
      )}
      {run.state !== "running" && (
        <div className="flex flex-wrap items-center gap-1">
          {choice.text && <CopyText text={choice.text} />}
          {choice.text && choice.calls.length === 0 && (
            <Button look="quiet" onClick={() => onTurns([...input.turns, turnOf(choice), { role: "user", content: "" }], input.mocks)}>
              {t("play.goOn")}
            </Button>
          )}
          {choice.finish && choice.finish !== "stop" && choice.finish !== "tool_calls" && <span className="text-xs text-warn">{choice.finish === "length" ? t("play.cut") : choice.finish}</span>}
        </div>
      )}
    </div>
  ));
}

function CopyText({ text }: { text: string }) {
  const t = useT();
  const [copied, copy] = useCopy();
  return (
    <Button look="quiet" onClick={() => copy(text)}>
      {t(copied ? "common.copied" : "play.copy")}
    </Button>
  );
}

/** The words, or, where the model tells how sure it was, its tokens. */
function AnswerText({ choice }: { choice: Choice }) {
  const t = useT();
  const [asTokens, setAsTokens] = useState(true);
  if (choice.tokens.length === 0) return <p className="text-base whitespace-pre-wrap break-words" dir="auto">{choice.text}</p>;
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div>
        <Button look="quiet" aria-pressed={asTokens} className="aria-pressed:bg-chosen aria-pressed:text-ink" onClick={() => setAsTokens(!asTokens)}>
          {t("play.tokens")}
        </Button>
      </div>
      {asTokens ? <TokensView tokens={choice.tokens} /> : <p className="text-base whitespace-pre-wrap break-words" dir="auto">{choice.text}</p>}
    </div>
  );
}

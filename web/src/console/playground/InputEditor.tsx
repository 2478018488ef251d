import { useT } from "@/i18n";
import { TextArea } from "@/ui/TextArea";
import type { Bench } from "./bench";
import { CompletionEditor } from "./CompletionEditor";
import type { Problems } from "./reading";
import { TextsEditor } from "./TextsEditor";
import { TurnsEditor } from "./TurnsEditor";
import { useProblemText } from "./useProblemText";

type InputEditorProps = { bench: Bench; onChange: (bench: Bench) => void; problems: Problems };

/** What is asked. */
export function InputEditor({ bench, onChange, problems }: InputEditorProps) {
  const t = useT();
  const problemText = useProblemText();
  const [problem] = problems.values();
  const error = problem && problemText(problem);
  switch (bench.tab) {
    case "chat":
      return <TurnsEditor turns={bench.input.turns} error={error} onChange={(turns) => onChange({ ...bench, input: { ...bench.input, turns } })} />;
    case "completion":
      return <CompletionEditor text={bench.input.text} error={error} onChange={(text) => onChange({ ...bench, input: { text } })} />;
    case "images":
      return (
        <TextArea
          label={t("play.prompt")}
          hint={t("play.promptHint")}
          error={error}
          rows={2}
          value={bench.input.prompt}
          onChange={(event) => onChange({ ...bench, input: { prompt: event.target.value } })}
        />
      );
    case "embeddings":
      return <TextsEditor title={t("play.texts")} name={(count) => t("play.text", { count })} add={t("play.addText")} texts={bench.input.texts} error={error} onChange={(texts) => onChange({ ...bench, input: { texts } })} />;
    case "rewards": {
      const set = (changes: Partial<typeof bench.input>) => onChange({ ...bench, input: { ...bench.input, ...changes } });
      return (
        <div className="flex flex-col gap-4">
          <TextArea label={t("play.question")} rows={2} value={bench.input.question} onChange={(event) => set({ question: event.target.value })} />
          <details open={bench.input.system !== ""}>
            <summary className="text-quiet">{t("play.role.system")}</summary>
            <div className="pt-2">
              <TextArea label={t("play.role.system")} nameless rows={2} value={bench.input.system} onChange={(event) => set({ system: event.target.value })} />
            </div>
          </details>
          <TextsEditor title={t("play.answers")} name={(count) => t("play.answer", { count })} add={t("play.addAnswer")} texts={bench.input.answers} error={error} onChange={(answers) => set({ answers })} />
        </div>
      );
    }
  }
}

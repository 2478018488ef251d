import { useState } from "react";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { TextArea } from "@/ui/TextArea";
import type { ToolCall } from "./bench";

type ToolCallsProps = { calls: readonly ToolCall[]; mocks: Readonly<Record<string, string>>; onAnswer: (results: string[]) => void };

/** Tools that the model wants to use, and what they are made to say: nothing is run here. */
export function ToolCalls({ calls, mocks, onAnswer }: ToolCallsProps) {
  const t = useT();
  const [results, setResults] = useState<readonly string[]>(calls.map(({ name }) => mocks[name] ?? ""));
  return (
    <div className="flex flex-col gap-3 rounded-md bg-side p-3">
      {calls.map((call, index) => (
        <div key={call.id || index} className="flex flex-col gap-2">
          <code className="font-mono text-sm break-all">
            {call.name}({call.arguments})
          </code>
          <TextArea
            label={t("play.mock", { name: call.name })}
            hint={index === 0 ? t("play.mockWhy") : undefined}
            mono
            rows={1}
            value={results[index] ?? ""}
            onChange={(event) => setResults(calls.map((_, place) => (place === index ? event.target.value : (results[place] ?? ""))))}
          />
        </div>
      ))}
      <div>
        <Button look="primary" onClick={() => onAnswer(calls.map((_, index) => results[index] ?? ""))}>
          {t("play.sendResults")}
        </Button>
      </div>
    </div>
  );
}

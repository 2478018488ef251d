import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { MARK } from "./bench";
import { TokensView } from "./TokensView";
import type { Run } from "./useRun";

type InsertionProps = { run: Run; text: string; onKeep: (text: string) => void };

/** A completion in its place: what was written around it stays as it was. */
export function Insertion({ run, text, onKeep }: InsertionProps) {
  const t = useT();
  const at = text.indexOf(MARK);
  const echoed = run.call.body["echo"] === true;
  const before = echoed ? "" : at < 0 ? text : text.slice(0, at);
  const after = at < 0 ? "" : text.slice(at + MARK.length);
  return run.made.choices.map((choice, index) => (
    <div key={index} className="flex min-w-0 flex-col gap-2 border-line not-first:border-t not-first:pt-3">
      {run.made.choices.length > 1 && <h3 className="text-xs text-quiet">{t("play.choice", { count: index + 1 })}</h3>}
      <p className="font-mono whitespace-pre-wrap break-words" dir="auto">
        <span className="text-quiet">{before}</span>
        <ins className="rounded-sm bg-accent-wash no-underline">{choice.text}</ins>
        <span className="text-quiet">{after}</span>
      </p>
      {choice.tokens.length > 0 && <TokensView tokens={choice.tokens} />}
      {run.state !== "running" && (
        <div className="flex flex-wrap items-center gap-1">
          <Button look="quiet" onClick={() => onKeep(before + choice.text + after)}>
            {t("play.keep")}
          </Button>
          {choice.finish === "length" && <span className="text-xs text-warn">{t("play.cut")}</span>}
        </div>
      )}
    </div>
  ));
}

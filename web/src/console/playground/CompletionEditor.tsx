import { TextCursorInput } from "lucide-react";
import { useId, useRef } from "react";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/classes";
import { MARK } from "./bench";

type CompletionEditorProps = { text: string; error: string | undefined; onChange: (text: string) => void };

/** A text to go on with: at its end, or where the mark stands. */
export function CompletionEditor({ text, error, onChange }: CompletionEditorProps) {
  const t = useT();
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const marked = text.includes(MARK);
  const toggle = () => {
    const place = field.current?.selectionStart ?? text.length;
    const next = marked ? text.replace(MARK, "") : text.slice(0, place) + MARK + text.slice(place);
    onChange(next);
    field.current?.focus();
  };
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-end justify-between gap-2">
        <label htmlFor={id} className="font-medium">
          {t("play.textToComplete")}
        </label>
        <Button look="quiet" aria-pressed={marked} onPointerDown={(event) => event.preventDefault()} onClick={toggle}>
          <TextCursorInput aria-hidden className="size-4" />
          {t(marked ? "play.unmark" : "play.mark")}
        </Button>
      </div>
      <textarea
        id={id}
        ref={field}
        rows={6}
        dir="auto"
        spellCheck={false}
        aria-describedby={`${id}-told`}
        aria-invalid={error ? true : undefined}
        placeholder={t("play.ph.completion")}
        className="max-h-[60vh] min-h-32 w-full resize-none rounded-sm border border-control bg-page p-3 font-mono [field-sizing:content] placeholder:text-quiet"
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}-told`} className={cx("text-xs", error ? "text-bad" : "text-quiet")}>
        {error ?? t(marked ? "play.markedHint" : "play.completionHint", { mark: MARK })}
      </p>
    </div>
  );
}

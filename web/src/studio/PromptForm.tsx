import { Sparkles, Square } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type Ref, useEffect, useId, useImperativeHandle, useRef, useState } from "react";
import { useT } from "@/i18n";
import { usePreferences } from "@/shell/preferences";
import { useShortcut } from "@/shell/shortcuts";
import { Button } from "@/ui/Button";
import { useOptions } from "./options";
import { type WishProblem, wishProblem } from "./wish";

export type PromptHandle = { put: (text: string) => void; focus: () => void };

type PromptFormProps = {
  ref?: Ref<PromptHandle>;
  /** What was typed is kept under this name while the tab is open. */
  memory: string;
  /** What stands there where nothing was typed yet. */
  initial?: string;
  placeholder: string;
  /** What the button says. */
  action: string;
  needsPrompt?: boolean;
  onAsk: (prompt: string) => void;
  /** Pictures are being made: the button stops it. */
  onStop?: (() => void) | undefined;
  children: ReactNode;
};

/** Where one says what shall be seen; below it how, and the button. What was typed stays, to be changed and tried again. */
export function PromptForm({ ref, memory, initial = "", placeholder, action, needsPrompt = false, onAsk, onStop, children }: PromptFormProps) {
  const t = useT();
  const id = useId();
  const { sendKey } = usePreferences();
  const options = useOptions();
  const stored = `pleiade.prompt.${memory}`;
  const [text, setText] = useState(() => sessionStorage.getItem(stored) ?? initial);
  const [problem, setProblem] = useState<WishProblem | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const focus = () => field.current?.focus();
  const change = (next: string) => {
    setText(next);
    setProblem(null);
    sessionStorage.setItem(stored, next);
  };
  useImperativeHandle(ref, () => ({
    put: (next) => {
      change(next);
      focus();
    },
    focus,
  }));
  useShortcut("focusInput", focus);
  useShortcut("stop", () => onStop?.(), onStop !== undefined);
  useEffect(() => {
    if (!matchMedia("(pointer: coarse)").matches) field.current?.focus(); // a phone would open its keyboard over the page
  }, []);

  const ask = () => {
    if (onStop) return;
    const found = wishProblem(text, options, needsPrompt);
    setProblem(found);
    if (found) focus();
    else onAsk(text.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    if (sendKey === "mod+enter" && !event.metaKey && !event.ctrlKey) return;
    event.preventDefault();
    ask();
  };
  return (
    <form
      aria-label={t("studio.form")}
      className="rounded-lg border border-control bg-raised focus-within:border-accent"
      onSubmit={(event) => {
        event.preventDefault();
        if (event.target === event.currentTarget) ask(); // not what the dialogs in it send: React passes that on to here
      }}
    >
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        aria-label={placeholder}
        placeholder={placeholder}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem ? id : undefined}
        className="block max-h-[30vh] min-h-12 w-full resize-none bg-transparent px-4 pt-3 pb-1 text-read [field-sizing:content] outline-none placeholder:text-quiet"
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {problem && (
        <p id={id} role="alert" className="px-4 pb-1 text-sm text-bad">
          {t(`studio.problem.${problem}`)}
        </p>
      )}
      <div className="flex flex-wrap items-center gap-1 p-2 pt-0">
        {children}
        {onStop ? (
          // Without keys this button would become the other one while it is clicked, and ask again.
          <Button key="stop" className="ml-auto" onClick={onStop}>
            <Square aria-hidden className="size-3 fill-current" />
            {t("studio.stop")}
          </Button>
        ) : (
          <Button key="ask" className="ml-auto" look="primary" type="submit">
            <Sparkles aria-hidden className="size-4" />
            {action}
          </Button>
        )}
      </div>
    </form>
  );
}

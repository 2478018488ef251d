import { ArrowUp, Paperclip, Square } from "lucide-react";
import { type ClipboardEvent, type KeyboardEvent, type ReactNode, type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { useT } from "@/i18n";
import { usePreferences } from "@/shell/preferences";
import { useShortcut } from "@/shell/shortcuts";
import { cx } from "@/ui/classes";
import { IconButton } from "@/ui/Button";
import type { useAttaching } from "./attaching";
import { FileChip } from "./FileChip";

export type ComposerHandle = { put: (text: string) => void; focus: () => void };

type ComposerProps = {
  placeholder: string;
  files: ReturnType<typeof useAttaching>;
  /** Further buttons, which may change what is written. */
  extra?: (text: string, change: (text: string) => void) => ReactNode;
  onSend: (text: string) => void;
  /** An answer is being written: the button stops it. */
  onStop?: (() => void) | undefined;
  /** What was typed and not sent is kept under this name while the tab is open. */
  memory: string;
  handle?: Ref<ComposerHandle>;
};

/** Where one writes. It has the focus when the page opens, and keeps what was typed. */
export function Composer({ placeholder, files, extra, onSend, onStop, memory, handle }: ComposerProps) {
  const t = useT();
  const { sendKey } = usePreferences();
  const field = useRef<HTMLTextAreaElement>(null);
  const chooser = useRef<HTMLInputElement>(null);
  const stored = `pleiade.typed.${memory}`;
  const [text, setText] = useState(() => sessionStorage.getItem(stored) ?? "");
  const empty = !text.trim() && files.ready.length === 0;

  const change = (next: string) => {
    setText(next);
    sessionStorage.setItem(stored, next);
  };
  const focus = () => field.current?.focus();
  useImperativeHandle(handle, () => ({ put: change, focus }));
  useShortcut("focusInput", focus);
  useEffect(() => {
    if (!matchMedia("(pointer: coarse)").matches) field.current?.focus(); // a phone would open its keyboard over the page
  }, []);

  const send = () => {
    if (empty || files.busy || onStop) return focus();
    onSend(text.trim());
    change("");
    files.clear();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    if (sendKey === "mod+enter" && !event.metaKey && !event.ctrlKey) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = [...event.clipboardData.files];
    if (pasted.length === 0) return;
    event.preventDefault();
    files.add(pasted);
  };

  return (
    <form
      aria-label={t("composer.form")}
      className="rounded-lg border border-control bg-raised focus-within:border-accent"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {files.list.length > 0 && (
        <div className="flex flex-wrap gap-2 px-3 pt-3">
          {files.list.map((one) => (
            <FileChip key={one.key} name={one.name} file={one.file} error={one.error} onRemove={() => files.remove(one.key)} />
          ))}
        </div>
      )}
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        aria-label={placeholder}
        placeholder={placeholder}
        className="block max-h-[40vh] min-h-12 w-full resize-none bg-transparent px-4 pt-3 pb-1 text-read [field-sizing:content] outline-none placeholder:text-quiet"
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      <div className="flex items-center gap-1 p-2 pt-0">
        <IconButton label={t("composer.attach")} onClick={() => chooser.current?.click()}>
          <Paperclip aria-hidden />
        </IconButton>
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            files.add([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
        {extra?.(text, (next) => {
          change(next);
          focus();
        })}
        <div className="grow" />
        {onStop ? (
          <RoundButton key="stop" label={t("composer.stop")} onClick={onStop}>
            <Square aria-hidden className="size-3.5 fill-current" />
          </RoundButton>
        ) : (
          <RoundButton key="send" label={t("composer.send")} quiet={empty || files.busy} submit>
            <ArrowUp aria-hidden className="size-[18px]" />
          </RoundButton>
        )}
      </div>
    </form>
  );
}

type RoundButtonProps = { label: string; quiet?: boolean; submit?: boolean; onClick?: () => void; children: React.ReactNode };

function RoundButton({ label, quiet = false, submit = false, onClick, children }: RoundButtonProps) {
  return (
    <button
      type={submit ? "submit" : "button"}
      aria-label={label}
      onClick={onClick}
      className={cx(
        "flex size-8 items-center justify-center rounded-full transition-colors duration-150 coarse:size-11",
        quiet ? "bg-chosen text-quiet" : "bg-accent text-accent-ink hover:bg-accent-hover",
      )}
    >
      {children}
    </button>
  );
}

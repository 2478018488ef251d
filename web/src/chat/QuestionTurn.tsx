import { ImagePlus, Pencil } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { useT } from "@/i18n";
import { FileChip } from "@/parts/FileChip";
import { useCopy } from "@/parts/useCopy";
import { Button, IconButton } from "@/ui/Button";
import { Hint } from "@/ui/Hint";
import { onItsWay } from "./asking";
import { CopyButton } from "./CopyButton";
import { pictureWish } from "./pictureWish";
import type { Message } from "./types";
import { Versions } from "./Versions";

type QuestionTurnProps = { message: Message; versions: readonly Message[]; onEdit: (content: string) => void; onShow: (message: string) => void };

/** What a person said, in a bubble; to be said differently, which begins another branch. */
export function QuestionTurn({ message, versions, onEdit, onShow }: QuestionTurnProps) {
  const t = useT();
  const [editing, setEditing] = useState(false);
  const [copied, copy] = useCopy();
  const wish = pictureWish(message.content);
  if (editing) {
    return (
      <QuestionEditor
        content={message.content}
        onCancel={() => setEditing(false)}
        onSave={(content) => {
          setEditing(false);
          onEdit(content);
        }}
      />
    );
  }
  return (
    <article id={message.id} aria-label={t("chat.you")} className="group flex flex-col items-end gap-1 pt-6">
      {message.attachments.length > 0 && (
        <div className="flex max-w-full flex-wrap justify-end gap-2">
          {message.attachments.map((file) => (
            <FileChip key={file.id} name={file.name} file={file} />
          ))}
        </div>
      )}
      {message.content && (
        <div className="max-w-[85%] rounded-lg bg-hover px-4 py-2.5 text-read break-words whitespace-pre-wrap" dir="auto">
          {wish && <ImagePlus role="img" aria-label={t("chat.picture")} className="mr-2 mb-0.5 inline size-[18px] text-quiet" />}
          {wish ? wish.words : message.content}
        </div>
      )}
      <div className="flex h-8 items-center coarse:h-11 [&>button]:opacity-0 [&>button]:transition-opacity group-focus-within:[&>button]:opacity-100 group-hover:[&>button]:opacity-100 coarse:[&>button]:opacity-100">
        {!onItsWay(message) && (
          <>
            <CopyButton copied={copied} onClick={() => copy(message.content)} />
            <Hint text={t("chat.edit")}>
              <IconButton label={t("chat.edit")} onClick={() => setEditing(true)}>
                <Pencil aria-hidden />
              </IconButton>
            </Hint>
          </>
        )}
        <Versions of={message} all={versions} onShow={onShow} />
      </div>
    </article>
  );
}

function QuestionEditor({ content, onSave, onCancel }: { content: string; onSave: (content: string) => void; onCancel: () => void }) {
  const t = useT();
  const [text, setText] = useState(content);
  const save = () => text.trim() && onSave(text.trim());
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      onCancel();
    } else if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) save();
  };
  return (
    <form
      className="mt-6 flex flex-col gap-2 rounded-lg bg-hover p-3"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <textarea
        autoFocus
        dir="auto"
        aria-label={t("chat.edit")}
        className="max-h-80 w-full resize-none bg-transparent px-1 text-read [field-sizing:content]"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="flex flex-wrap items-center justify-end gap-2">
        <p className="grow text-sm text-quiet">{t("chat.editWhy")}</p>
        <Button look="quiet" onClick={onCancel}>
          {t("common.cancel")}
        </Button>
        <Button look="primary" type="submit">
          {t("composer.send")}
        </Button>
      </div>
    </form>
  );
}

import { useState } from "react";
import { useT } from "@/i18n";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { SaveButtons } from "./SaveButtons";

export function RenameDialog({ title, onSave, onClose }: { title: string; onSave: (title: string) => void; onClose: () => void }) {
  const t = useT();
  const [text, setText] = useState(title);
  return (
    <Dialog open onClose={onClose} title={t("chat.rename")}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) onSave(text.trim());
          onClose();
        }}
      >
        <TextField label={t("chat.title")} dir="auto" maxLength={200} value={text} onChange={(event) => setText(event.target.value)} onFocus={(event) => event.target.select()} />
        <SaveButtons onCancel={onClose} />
      </form>
    </Dialog>
  );
}

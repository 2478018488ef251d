import { useState } from "react";
import { useT } from "@/i18n";
import { Dialog } from "@/ui/Dialog";
import { TextArea } from "@/ui/TextArea";
import { SaveButtons } from "./SaveButtons";

type InstructionsDialogProps = { instructions: string; onSave: (instructions: string) => void; onClose: () => void };

/** What every answer of one chat should heed, beside its project's instructions. */
export function InstructionsDialog({ instructions, onSave, onClose }: InstructionsDialogProps) {
  const t = useT();
  const [text, setText] = useState(instructions);
  return (
    <Dialog open onClose={onClose} title={t("chat.instructions")}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          onSave(text.trim());
          onClose();
        }}
      >
        <TextArea rows={4} label={t("project.instructions")} hint={t("chat.instructionsWhy")} value={text} onChange={(event) => setText(event.target.value)} />
        <SaveButtons onCancel={onClose} />
      </form>
    </Dialog>
  );
}

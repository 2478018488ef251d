import { useState } from "react";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { choose, useOptions } from "./options";

/** What the pictures should not show. */
export function NegativeDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  return (
    <Dialog open={open} onClose={onClose} title={t("studio.negative")}>
      <NegativeForm onDone={onClose} />
    </Dialog>
  );
}

function NegativeForm({ onDone }: { onDone: () => void }) {
  const t = useT();
  const [text, setText] = useState(useOptions().negative);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        choose({ negative: text });
        onDone();
      }}
    >
      <TextField label={t("studio.negative")} dir="auto" hint={t("studio.negativeWhy")} value={text} onChange={(event) => setText(event.target.value)} />
      <div className="flex justify-end gap-2">
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button look="primary" type="submit">
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}

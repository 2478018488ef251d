import { useState } from "react";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { LIMITS } from "./limits";
import { choose, useOptions } from "./options";

/** The same seed makes the same pictures again. */
export function SeedDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  return (
    <Dialog open={open} onClose={onClose} title={t("studio.seed")}>
      <SeedForm onDone={onClose} />
    </Dialog>
  );
}

function SeedForm({ onDone }: { onDone: () => void }) {
  const t = useT();
  const [text, setText] = useState(String(useOptions().seed ?? ""));
  const [wrong, setWrong] = useState(false);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        const seed = Number(text);
        if (text.trim() && !(Number.isInteger(seed) && seed >= 0 && seed <= LIMITS.seed)) return setWrong(true);
        choose({ seed: text.trim() ? seed : null });
        onDone();
      }}
    >
      <TextField
        label={t("studio.seed")}
        inputMode="numeric"
        value={text}
        hint={t("studio.seed.why")}
        error={wrong ? t("studio.seed.wrong", { most: String(LIMITS.seed) }) : undefined}
        onChange={(event) => {
          setText(event.target.value);
          setWrong(false);
        }}
      />
      <div className="flex justify-end gap-2">
        <Button
          onClick={() => {
            choose({ seed: null });
            onDone();
          }}
        >
          {t("studio.seed.new")}
        </Button>
        <Button look="primary" type="submit">
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}

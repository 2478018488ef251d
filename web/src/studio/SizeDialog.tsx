import { useState } from "react";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { LIMITS, readSize, sizeProblem } from "./limits";
import { choose, useOptions } from "./options";

/** A size of one's own, with the rule beside it. */
export function SizeDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  return (
    <Dialog open={open} onClose={onClose} title={t("studio.size.own")}>
      <SizeForm onDone={onClose} />
    </Dialog>
  );
}

function SizeForm({ onDone }: { onDone: () => void }) {
  const t = useT();
  const now = readSize(useOptions().size) ?? { width: 768, height: 512 };
  const [width, setWidth] = useState(String(now.width));
  const [height, setHeight] = useState(String(now.height));
  const [tried, setTried] = useState(false);
  const size = { width: Number(width), height: Number(height) };
  const problem = sizeProblem(size);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (problem) return;
        choose({ size: `${size.width}x${size.height}` });
        onDone();
      }}
    >
      <div className="grid grid-cols-2 gap-3">
        <TextField label={t("studio.width")} inputMode="numeric" value={width} onChange={(event) => setWidth(event.target.value)} />
        <TextField label={t("studio.height")} inputMode="numeric" value={height} onChange={(event) => setHeight(event.target.value)} />
      </div>
      {tried && problem ? (
        <p role="alert" className="text-sm text-bad">
          {t(`studio.size.${problem}`, { least: LIMITS.side.least, most: String(LIMITS.side.most), step: LIMITS.side.step, ratio: LIMITS.ratio })}
        </p>
      ) : (
        <p className="text-sm text-quiet">{t("studio.size.rule", { least: LIMITS.side.least, most: String(LIMITS.side.most), step: LIMITS.side.step, ratio: LIMITS.ratio })}</p>
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button look="primary" type="submit">
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}

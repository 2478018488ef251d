import { Code } from "lucide-react";
import { useState } from "react";
import { useT } from "@/i18n";
import type { Call } from "@/parts/callCode";
import { ViewCode } from "@/parts/ViewCode";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { LANE_NAMES } from "./bench";

/** The very calls that the page makes, as programs. */
export function CodeButton({ calls }: { calls: readonly Call[] }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button look="quiet" onClick={() => setOpen(true)}>
        <Code aria-hidden className="size-4" />
        {t("code.title")}
      </Button>
      {open && (
        <Dialog open wide onClose={() => setOpen(false)} title={t("code.title")}>
          <div className="flex flex-col gap-6">
            {calls.map((call, index) => (
              <section key={index}>
                {calls.length > 1 && <h3 className="font-semibold">{LANE_NAMES[index]}</h3>}
                <ViewCode call={call} />
              </section>
            ))}
          </div>
        </Dialog>
      )}
    </>
  );
}

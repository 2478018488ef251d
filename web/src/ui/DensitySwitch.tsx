import { Rows3, Rows4 } from "lucide-react";
import { useT } from "@/i18n";
import { prefer, usePreferences } from "@/shell/preferences";
import { IconButton } from "./Button";
import { Hint } from "./Hint";

/** Height of a table's row, in pixels. */
export function useRowHeight(): number {
  return usePreferences().density === "compact" ? 32 : 40;
}

/** Tables with more rows to the page, or with more room in them. */
export function DensitySwitch() {
  const t = useT();
  const compact = usePreferences().density === "compact";
  return (
    <Hint text={t("table.compact")}>
      <IconButton label={t("table.compact")} pressed={compact} onClick={() => prefer({ density: compact ? "comfortable" : "compact" })}>
        {compact ? <Rows4 aria-hidden /> : <Rows3 aria-hidden />}
      </IconButton>
    </Hint>
  );
}

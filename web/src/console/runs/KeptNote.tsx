import { useT } from "@/i18n";
import type { Kept } from "./runs";

/** What this server keeps of calls, and how long: whoever is recorded should know. */
export function KeptNote({ kept }: { kept: Kept }) {
  const t = useT();
  return (
    <p className="max-w-read text-quiet">
      {t(`console.kept.${kept.recording}`)} {kept.recording !== "off" && t.count("console.keptDays", kept.days)}{" "}
      {kept.recording === "content" && t(kept.redaction ? "console.keptRedacted" : "console.keptPlain")}
    </p>
  );
}

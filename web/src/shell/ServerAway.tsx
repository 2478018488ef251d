import { CloudOff } from "lucide-react";
import { useServerAway } from "@/api/connection";
import { useT } from "@/i18n";

/** A line on top while the server cannot be reached. What was typed stays; what runs there goes on. */
export function ServerAway() {
  const t = useT();
  const away = useServerAway();
  return (
    <div role="status">
      {away && (
        <p className="flex items-center justify-center gap-2 bg-warn-wash px-4 py-1.5 text-warn">
          <CloudOff aria-hidden className="size-4 shrink-0" />
          {t("shell.away")}
        </p>
      )}
    </div>
  );
}

import { useT } from "@/i18n";
import { Skeleton, useSlow } from "@/ui/Skeleton";

/** Where something will stand. */
export function Waiting() {
  const t = useT();
  const slow = useSlow();
  return (
    <div aria-busy className="flex min-h-24 flex-col justify-center gap-3 p-4">
      <span className="sr-only">{t("table.loading")}</span>
      {slow && [1, 2, 3].map((line) => <Skeleton key={line} className="max-w-80" />)}
    </div>
  );
}

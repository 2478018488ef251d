import { ImageOff } from "lucide-react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { useCopy } from "@/parts/useCopy";
import { Button } from "@/ui/Button";

const COMMAND = "pleiade model add MODEL --name pictures && pleiade deploy pictures --model pictures";

/** No deployment makes pictures: what to type so that one does. */
export function NoPainter() {
  const t = useT();
  const [copied, copy] = useCopy();
  return (
    <EmptyState
      icon={<ImageOff aria-hidden />}
      title={t("studio.noPainter")}
      actions={
        <>
          <Button look="primary" onClick={() => copy(COMMAND)}>
            {copied ? t("common.copied") : t("studio.copyCommand")}
          </Button>
          <Link href="/images/gallery" className="inline-flex h-9 items-center rounded-sm px-3 font-medium text-quiet hover:bg-hover hover:text-ink coarse:h-11">
            {t("studio.gallery")}
          </Link>
        </>
      }
    >
      <p>{t("studio.noPainterWhy")}</p>
      <code className="mt-3 block rounded-md border border-line bg-side px-3 py-2 text-left font-mono text-sm break-words text-ink">{COMMAND}</code>
    </EmptyState>
  );
}

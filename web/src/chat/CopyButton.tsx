import { Check, Copy } from "lucide-react";
import { useT } from "@/i18n";
import { IconButton } from "@/ui/Button";
import { Hint } from "@/ui/Hint";

export function CopyButton({ copied, onClick }: { copied: boolean; onClick: () => void }) {
  const t = useT();
  const label = copied ? t("common.copied") : t("common.copy");
  return (
    <Hint text={label}>
      <IconButton label={label} onClick={onClick}>
        {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
      </IconButton>
    </Hint>
  );
}

import { ChevronDown } from "lucide-react";
import { useRef } from "react";
import { useT } from "@/i18n";
import { ModelItems } from "@/parts/ModelPicker";
import { useShortcut } from "@/shell/shortcuts";
import { Menu } from "@/ui/Menu";
import { usePainters } from "./deployments";
import { choose } from "./options";

/** Which deployment makes the pictures. */
export function DeploymentMenu() {
  const t = useT();
  const { all, chosen } = usePainters();
  const button = useRef<HTMLButtonElement>(null);
  useShortcut("modelPicker", () => button.current?.click(), all.length > 0);
  if (!chosen) return null;
  const trigger = (
    <button
      ref={button}
      type="button"
      aria-label={t("model.choose", { name: chosen.id })}
      className="flex h-8 max-w-32 shrink-0 items-center gap-1.5 rounded-sm px-2 text-quiet hover:bg-hover hover:text-ink md:max-w-64 coarse:h-11"
    >
      <span className="truncate">{chosen.id}</span>
      <ChevronDown aria-hidden className="size-4 shrink-0" />
    </button>
  );
  return (
    <Menu trigger={trigger} align="end">
      <ModelItems models={all} chosen={chosen.id} onChoose={(deployment) => choose({ deployment, style: "" })} />
    </Menu>
  );
}

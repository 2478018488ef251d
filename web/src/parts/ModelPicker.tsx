import { ChevronDown } from "lucide-react";
import { useRef } from "react";
import { useT } from "@/i18n";
import { useShortcut } from "@/shell/shortcuts";
import { Menu, MenuGroup, MenuItem } from "@/ui/Menu";
import { type Model, useChatModels } from "./models";

type ModelPickerProps = { chosen: string | null; onChoose: (deployment: string) => void };

/** Which deployment answers. */
export function ModelPicker({ chosen, onChoose }: ModelPickerProps) {
  const t = useT();
  const models = useChatModels();
  const button = useRef<HTMLButtonElement>(null);
  useShortcut("modelPicker", () => button.current?.click());
  const name = chosen ?? models[0]?.id;
  const trigger = (
    <button
      ref={button}
      type="button"
      aria-label={t("model.choose", { name: name ?? t("model.none") })}
      className="flex h-8 max-w-32 shrink-0 items-center md:max-w-64 gap-1.5 rounded-sm px-2 text-quiet hover:bg-hover hover:text-ink coarse:h-11"
    >
      <span className="truncate">{name ?? t("model.none")}</span>
      <ChevronDown aria-hidden className="size-4 shrink-0" />
    </button>
  );
  return (
    <Menu trigger={trigger} align="end">
      <ModelItems models={models} chosen={name ?? null} onChoose={onChoose} />
    </Menu>
  );
}

/** Deployments as lines of a menu. */
export function ModelItems({ models, chosen, onChoose }: { models: readonly Model[]; chosen: string | null; onChoose: (deployment: string) => void }) {
  const t = useT();
  return (
    <MenuGroup label={models.length > 0 ? t("model.title") : t("model.noneWhy")}>
      {models.map((model) => (
        <MenuItem key={model.id} checked={model.id === chosen} onClick={() => onChoose(model.id)}>
          {model.id}
          {model.root !== model.id && <span className="block text-xs text-quiet">{model.root}</span>}
        </MenuItem>
      ))}
    </MenuGroup>
  );
}

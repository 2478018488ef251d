import { Columns2, RotateCcw } from "lucide-react";
import { useT } from "@/i18n";
import { useModels } from "@/parts/models";
import { IconButton } from "@/ui/Button";
import { Menu, MenuGroup, MenuItem } from "@/ui/Menu";

type AgainMenuProps = { deployment: string | null; drawing: boolean; onAgain: (deployment: string | null, beside: boolean) => void };

/** Answer once more: in place of this answer, or beside it; by the same deployment or another. */
export function AgainMenu({ deployment, drawing, onAgain }: AgainMenuProps) {
  const t = useT();
  const { data } = useModels();
  const models = data?.data.filter(({ capabilities }) => (drawing ? capabilities.image_generation : capabilities.chat_completion)) ?? [];
  const lines = (beside: boolean) =>
    models.map((model) => (
      <MenuItem key={model.id} icon={beside ? <Columns2 aria-hidden /> : <RotateCcw aria-hidden />} onClick={() => onAgain(model.id, beside)}>
        {model.id === deployment ? t("chat.sameModel", { name: model.id }) : model.id}
      </MenuItem>
    ));
  const trigger = (
    <IconButton label={t("chat.again")}>
      <RotateCcw aria-hidden />
    </IconButton>
  );
  return (
    <Menu trigger={trigger}>
      <MenuGroup label={t("chat.again")}>{lines(false)}</MenuGroup>
      <MenuGroup label={t("chat.compare")}>{lines(true)}</MenuGroup>
    </Menu>
  );
}

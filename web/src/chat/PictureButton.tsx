import { ImagePlus } from "lucide-react";
import { useT } from "@/i18n";
import { useModels } from "@/parts/models";
import { IconButton } from "@/ui/Button";
import { Hint } from "@/ui/Hint";
import { pictureWish } from "./pictureWish";

/** Ask for a picture instead of words: the same as writing its command, so that the text alone says what is wanted. */
export function PictureButton({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const t = useT();
  const { data } = useModels();
  const wish = pictureWish(text);
  const paints = data?.data.some((model) => model.capabilities.image_generation);
  if (!paints && !wish) return null;
  return (
    <Hint text={t("composer.picture")} side="top">
      <IconButton label={t("composer.picture")} pressed={wish !== null} onClick={() => onChange(wish ? wish.words : `${t("composer.pictureCommand")} ${text}`)}>
        <ImagePlus aria-hidden />
      </IconButton>
    </Hint>
  );
}

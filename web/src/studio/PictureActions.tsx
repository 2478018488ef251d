import { Download, Ellipsis, Heart, Info, MessageSquare, Shuffle, SquarePen, Trash2 } from "lucide-react";
import { useLocation, useSearchParams } from "wouter";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { useCopy } from "@/parts/useCopy";
import { toast } from "@/shell/toasts";
import { IconButton } from "@/ui/Button";
import { Menu, MenuGroup, MenuItem, MenuLine } from "@/ui/Menu";
import { usePainters } from "./deployments";
import { download } from "./download";
import { addressOf, usePictureChanges } from "./gallery";
import { nameOf } from "./naming";
import { useOptions } from "./options";
import { pixelsOf } from "./pixels";
import { sendToChat } from "./sendToChat";
import { FORMATS, type Picture } from "./types";
import { useMake } from "./useMake";
import { variation } from "./wish";

/** What can be done with the open picture beside working on it. */
export function PictureActions({ picture }: { picture: Picture }) {
  const t = useT();
  const errorText = useErrorText();
  const options = useOptions();
  const { chosen } = usePainters();
  const make = useMake();
  const [, go] = useLocation();
  const [params, setParams] = useSearchParams();
  const { change, forget } = usePictureChanges();
  const [, copy] = useCopy();
  const complain = (error: unknown) => toast({ text: errorText(error), bad: true });

  const vary = async () => {
    const image = new Image();
    image.src = addressOf(picture);
    await image.decode();
    make(variation({ ...options, deployment: chosen?.id ?? null }, picture.id, await pixelsOf(picture, image)));
  };
  const inspect = () =>
    setParams((before) => {
      if (before.has("details")) before.delete("details");
      else before.set("details", "true");
      return before;
    });
  const formats = FORMATS.filter((format) => (format === "svg") === (picture.format === "svg")); // a drawing of lines stays one
  return (
    <>
      <IconButton label={t(picture.favourite ? "studio.unfavour" : "studio.favour")} pressed={picture.favourite} onClick={() => void change(picture, { favourite: !picture.favourite })}>
        <Heart aria-hidden className={picture.favourite ? "fill-current text-bad" : ""} />
      </IconButton>
      <Menu
        align="end"
        trigger={
          <IconButton label={t("studio.download")}>
            <Download aria-hidden />
          </IconButton>
        }
      >
        <MenuGroup label={t("studio.downloadWhy")}>
          {formats.map((format) => (
            <MenuItem key={format} onClick={() => download(picture, format, nameOf(picture, t))}>
              {t(`studio.format.${format}`)}
              {format === picture.format && <span className="block text-xs text-quiet">{t("studio.asMade")}</span>}
            </MenuItem>
          ))}
        </MenuGroup>
      </Menu>
      <IconButton label={t("studio.details")} pressed={params.has("details")} onClick={inspect}>
        <Info aria-hidden />
      </IconButton>
      <Menu
        align="end"
        trigger={
          <IconButton label={t("studio.menu")}>
            <Ellipsis aria-hidden />
          </IconButton>
        }
      >
        {chosen && (
          <MenuItem icon={<Shuffle aria-hidden />} onClick={() => void vary().catch(complain)}>
            {t("studio.vary")}
          </MenuItem>
        )}
        {picture.prompt && (
          <MenuItem icon={<SquarePen aria-hidden />} onClick={() => copy(picture.prompt)}>
            {t("studio.copyPrompt")}
          </MenuItem>
        )}
        <MenuItem icon={<MessageSquare aria-hidden />} onClick={() => void sendToChat(picture, nameOf(picture, t)).then((file) => go(`/chat?attach=${file}`), complain)}>
          {t("studio.toChat")}
        </MenuItem>
        <MenuLine />
        <MenuItem
          danger
          icon={<Trash2 aria-hidden />}
          onClick={() => {
            forget(picture);
            go(picture.parent ? `/images/${picture.parent}` : "/images/gallery");
          }}
        >
          {t("chat.delete")}
        </MenuItem>
      </Menu>
    </>
  );
}

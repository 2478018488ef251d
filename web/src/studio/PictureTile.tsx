import { Heart } from "lucide-react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import { Ground } from "./Ground";
import { addressOf } from "./gallery";
import { nameOf } from "./naming";
import type { Picture } from "./types";

type PictureTileProps = {
  picture: Picture;
  /** Pixels that the server sends it with. */
  width: number;
  here?: boolean;
  tabIndex?: number | undefined;
  onFocus?: (() => void) | undefined;
};

/** A kept picture as a link to it. */
export function PictureTile({ picture, width, here = false, tabIndex, onFocus }: PictureTileProps) {
  const t = useT();
  return (
    <Link
      href={`/images/${picture.id}`}
      aria-current={here ? "page" : undefined}
      tabIndex={tabIndex}
      onFocus={onFocus}
      data-picture={picture.id}
      className={cx("relative block size-full rounded-md hover:ring-2 hover:ring-accent", here && "ring-2 ring-accent")}
    >
      <Ground className="size-full rounded-md border border-line">
        <img src={addressOf(picture, width)} alt={nameOf(picture, t)} loading="lazy" decoding="async" className="size-full object-contain" />
      </Ground>
      {picture.favourite && (
        <span className="absolute right-1.5 bottom-1.5 rounded-full bg-raised p-1 text-bad">
          <Heart aria-label={t("studio.favourite")} className="size-3.5 fill-current" />
        </span>
      )}
    </Link>
  );
}

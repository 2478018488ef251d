import { Download } from "lucide-react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import type { CallBody } from "@/parts/callCode";
import type { Picture } from "./made";

type PicturesProps = { pictures: readonly Picture[]; body: CallBody; running: boolean };

/** Pictures as they form. More can be done with them in Images. */
export function Pictures({ pictures, body, running }: PicturesProps) {
  const t = useT();
  const format = typeof body["output_format"] === "string" ? body["output_format"] : "png";
  const prompt = String(body["prompt"]);
  return (
    <>
      {pictures.length === 0 && running && <p className="animate-pulse text-quiet">{t("play.asking")}</p>}
      <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        {pictures.map((picture, index) => (
          <figure key={index} className="min-w-0">
            <img src={picture.address} alt={t(picture.finished ? "play.picture" : "play.pictureForming", { count: index + 1, prompt })} className="w-full rounded-sm border border-line bg-side" />
            <figcaption className="flex min-h-8 flex-wrap items-center justify-between gap-x-2 pt-1 text-xs text-quiet">
              {picture.seed !== null && <span className="tabular-nums">{t("play.seed", { seed: String(picture.seed) })}</span>}
              {picture.finished && (
                <a href={picture.address} download={`picture-${index + 1}.${format}`} aria-label={t("play.download", { count: index + 1 })} className="flex size-8 items-center justify-center rounded-sm hover:bg-hover coarse:size-11">
                  <Download aria-hidden className="size-4" />
                </a>
              )}
              {picture.revised && <span className="w-full">{picture.revised}</span>}
            </figcaption>
          </figure>
        ))}
      </div>
      <p className="text-sm">
        <Link href="/images" className="text-accent underline underline-offset-2">
          {t("play.studio")}
        </Link>
      </p>
    </>
  );
}

import { useT } from "@/i18n";
import { gridOf } from "./CandidateGrid";
import { nameOf } from "./naming";
import { PictureTile } from "./PictureTile";
import type { Picture } from "./types";

/** The kept pictures of one request, to choose from. */
export function StepGrid({ pictures }: { pictures: readonly Picture[] }) {
  const t = useT();
  const first = pictures[0];
  return (
    <section aria-label={t("studio.candidates")} className="m-auto flex w-full flex-col gap-3">
      {first && (
        <h2 className="mx-auto line-clamp-2 max-w-read text-center text-quiet" dir="auto">
          {nameOf(first, t)}
        </h2>
      )}
      <ul className={gridOf(pictures.length)}>
        {pictures.map((one) => (
          <li key={one.id} style={{ aspectRatio: `${one.width} / ${one.height}` }}>
            <PictureTile picture={one} width={768} />
          </li>
        ))}
      </ul>
    </section>
  );
}

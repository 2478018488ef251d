import { useT } from "@/i18n";
import { useChildren, useStep } from "./gallery";
import { PictureTile } from "./PictureTile";
import type { Picture } from "./types";

/** The other candidates of its step, and what was made from it: the picture's neighbours in the tree. */
export function Relatives({ picture, without }: { picture: Picture; without: readonly string[] }) {
  const t = useT();
  const step = useStep(picture.kind === "upload" ? null : picture.step);
  const children = useChildren(picture.id).filter((one) => !without.includes(one.id));
  if (step.length < 2 && children.length === 0) return null;
  return (
    <div className="flex gap-6 overflow-x-auto px-3 pt-2">
      {step.length > 1 && <Row title={t("studio.siblings")} pictures={step} here={picture.id} />}
      {children.length > 0 && <Row title={t("studio.children")} pictures={children} />}
    </div>
  );
}

function Row({ title, pictures, here }: { title: string; pictures: readonly Picture[]; here?: string }) {
  return (
    <section aria-label={title} className="shrink-0">
      <h2 className="pb-1 text-xs text-quiet">{title}</h2>
      <ul className="flex gap-2 p-0.5">
        {pictures.map((one) => (
          <li key={one.id} className="size-14 shrink-0 md:size-16">
            <PictureTile picture={one} width={128} here={one.id === here} />
          </li>
        ))}
      </ul>
    </section>
  );
}

import { useState } from "react";
import { useT } from "@/i18n";
import { Ground } from "./Ground";
import { addressOf, usePicture } from "./gallery";
import type { Picture } from "./types";

/** Before and after: over each other with an edge to be moved, or side by side where they have not the same shape. */
export function Compare({ picture, parent }: { picture: Picture; parent: string }) {
  const t = useT();
  const { data: before, isError } = usePicture(parent);
  const [edge, setEdge] = useState(50);
  if (isError) return <p className="m-auto p-6 text-quiet">{t("studio.parentGone")}</p>;
  if (!before) return <div className="min-h-0 grow bg-side" />;
  if (before.width !== picture.width || before.height !== picture.height) {
    return (
      <div className="grid min-h-0 grow grid-cols-1 gap-3 bg-side p-3 md:grid-cols-2">
        <Side name={t("studio.before")} picture={before} />
        <Side name={t("studio.after")} picture={picture} />
      </div>
    );
  }
  const ratio = picture.width / picture.height;
  return (
    <div className="flex min-h-0 grow flex-col items-center gap-2 bg-side p-3">
      <div className="flex min-h-0 w-full grow items-center justify-center" style={{ containerType: "size" }}>
        <Ground className="relative rounded-md" style={{ aspectRatio: ratio, width: `min(100cqw, calc(100cqh * ${ratio}))` }}>
          <img src={addressOf(before)} alt={t("studio.before")} className="absolute inset-0 size-full object-contain" />
          <img src={addressOf(picture)} alt={t("studio.after")} className="chequered absolute inset-0 size-full object-contain" style={{ clipPath: `inset(0 0 0 ${edge}%)` }} />
          <span aria-hidden className="absolute inset-y-0 w-0.5 bg-accent" style={{ left: `${edge}%` }} />
        </Ground>
      </div>
      <label className="flex w-full max-w-xl items-center gap-3 text-sm text-quiet">
        {t("studio.before")}
        <input type="range" min={0} max={100} value={edge} aria-label={t("studio.compare")} onChange={(event) => setEdge(Number(event.target.value))} className="h-8 grow accent-accent coarse:h-11" />
        {t("studio.after")}
      </label>
    </div>
  );
}

function Side({ name, picture }: { name: string; picture: Picture }) {
  return (
    <figure className="flex min-h-0 flex-col gap-1">
      <Ground className="relative min-h-0 grow rounded-md">
        <img src={addressOf(picture)} alt={name} className="absolute inset-0 size-full object-contain" />
      </Ground>
      <figcaption className="text-center text-sm text-quiet">{name}</figcaption>
    </figure>
  );
}

import { Download, ImageOff } from "lucide-react";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import { Ground } from "./Ground";
import { readSize } from "./limits";
import { type Candidate, isRunning, type Making } from "./making";
import { fileNameOf } from "./naming";

type CandidateGridProps = {
  making: Making;
  /** In a row below something else, instead of as large as fits. */
  strip?: boolean;
};

/** The pictures of a request, each as far as it has come. */
export function CandidateGrid({ making, strip = false }: CandidateGridProps) {
  const t = useT();
  const { candidates, wish } = making;
  const size = readSize(String(wish.body["size"] ?? "")) ?? { width: 1, height: 1 };
  const many = candidates.length;
  return (
    <>
      <ul
        aria-label={t("studio.candidates")}
        aria-busy={isRunning(making)}
        className={strip ? "flex gap-2 overflow-x-auto p-1" : gridOf(many)}
      >
        {candidates.map((one) => (
          <li key={one.index} className={strip ? "w-28 shrink-0 md:w-32" : "min-w-0"} style={strip ? undefined : { aspectRatio: `${size.width} / ${size.height}` }}>
            <CandidateTile candidate={one} prompt={String(wish.body["prompt"] ?? "")} square={strip} />
          </li>
        ))}
      </ul>
      <Unkept candidates={candidates} />
      <Told making={making} />
    </>
  );
}

export function gridOf(many: number): string {
  return cx("mx-auto grid w-full gap-3", many === 1 ? "max-w-xl grid-cols-1" : many <= 4 ? "max-w-[min(48rem,calc(100dvh-17rem))] grid-cols-2" : "max-w-5xl grid-cols-2 md:grid-cols-4");
}

function CandidateTile({ candidate, prompt, square }: { candidate: Candidate; prompt: string; square: boolean }) {
  const t = useT();
  const { state, url, id, index } = candidate;
  const number = index + 1;
  const name = t(state === "forming" ? "studio.nth.forming" : "studio.nth", { number, prompt });
  if (!url || state === "missing") {
    return (
      <div className={cx("flex size-full items-center justify-center rounded-md border border-line bg-side", square && "aspect-square", state === "waiting" && "animate-pulse")}>
        <span className="sr-only">{t(state === "missing" ? "studio.nth.missing" : "studio.nth.waiting", { number })}</span>
        {state === "missing" && <ImageOff aria-hidden className="size-6 text-quiet" />}
      </div>
    );
  }
  const picture = (
    <Ground className={cx("size-full rounded-md border border-line", square && "aspect-square")}>
      <img src={url} alt={name} className="size-full object-contain" />
    </Ground>
  );
  if (state !== "done") return picture;
  if (id) {
    return (
      <Link href={`/images/${id}`} className="block size-full rounded-md hover:ring-2 hover:ring-accent">
        {picture}
      </Link>
    );
  }
  return (
    <div className="relative size-full">
      {picture}
      <a href={url} download={`${fileNameOf(prompt)}-${number}`} className="absolute right-2 bottom-2 flex h-8 items-center gap-1.5 rounded-sm bg-raised px-2 text-sm shadow-lift coarse:h-11">
        <Download aria-hidden className="size-4" />
        {t("studio.download")}
      </a>
    </div>
  );
}

/** Pictures that are there and are not in the gallery: why, and that they will be gone. */
function Unkept({ candidates }: { candidates: readonly Candidate[] }) {
  const t = useT();
  const why = candidates.find((one) => one.unkept)?.unkept;
  if (!why) return null;
  return (
    <p role="alert" className="w-full max-w-read rounded-md bg-warn-wash px-3 py-2 text-sm break-words text-warn">
      {t("studio.unkept")} {why}
    </p>
  );
}

const SAYS_MS = 1500;

/** For screen readers: how far it is, not more often than one can listen. */
function Told({ making }: { making: Making }) {
  const t = useT();
  const done = making.candidates.filter((one) => one.state === "done").length;
  const now = isRunning(making) ? t("studio.progress", { done, all: making.candidates.length }) : t.count("studio.finished", done);
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(now), SAYS_MS);
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <p role="status" className="sr-only">
      {said}
    </p>
  );
}

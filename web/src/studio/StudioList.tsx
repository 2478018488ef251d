import { Heart, Images, Sparkles, Upload } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { useT } from "@/i18n";
import { ErrorState } from "@/parts/ErrorState";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/classes";
import { Skeleton, useSlow } from "@/ui/Skeleton";
import { addressOf, EVERYTHING, useGallery } from "./gallery";
import { Ground } from "./Ground";
import { nameOf } from "./naming";
import { type Step, stepsOf } from "./steps";
import type { Picture } from "./types";

/** Beside the page: where pictures are made and kept, and the last steps. */
export function StudioList({ onUpload, open }: { onUpload: (files: readonly File[]) => void; open: Picture | undefined }) {
  const t = useT();
  const [path] = useLocation();
  const [params] = useSearchParams();
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <>
      <nav aria-label={t("studio.places")} className="flex flex-col p-2 pb-1">
        <Place href="/images" icon={<Sparkles aria-hidden />} here={path === "/images" && !params.has("step")}>
          {t("studio.new")}
        </Place>
        <Place href="/images/gallery" icon={<Images aria-hidden />} here={path === "/images/gallery" && !params.has("favourite")}>
          {t("studio.gallery")}
        </Place>
        <Place href="/images/gallery?favourite=true" icon={<Heart aria-hidden />} here={path === "/images/gallery" && params.has("favourite")}>
          {t("studio.favourites")}
        </Place>
        <button type="button" className={cx(LINE, "text-left")} onClick={() => chooser.current?.click()}>
          <Upload aria-hidden />
          {t("studio.upload")}
        </button>
        <input
          ref={chooser}
          type="file"
          accept="image/png,image/jpeg,image/webp"
          hidden
          onChange={(event) => {
            onUpload([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </nav>
      <nav aria-label={t("studio.steps")} className="min-h-0 grow overflow-y-auto p-2 pt-0">
        <h2 className="px-2 pt-3 pb-1 text-xs text-quiet">{t("studio.steps")}</h2>
        <Steps open={open} chosen={params.get("step")} />
      </nav>
    </>
  );
}

const LINE = "flex h-9 items-center gap-2.5 rounded-sm px-2 hover:bg-hover coarse:h-11 [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-quiet";

function Place({ href, icon, here, children }: { href: string; icon: ReactNode; here: boolean; children: ReactNode }) {
  return (
    <Link href={href} aria-current={here ? "page" : undefined} className={cx(LINE, here && "bg-chosen")}>
      {icon}
      {children}
    </Link>
  );
}

function Steps({ open, chosen }: { open: Picture | undefined; chosen: string | null }) {
  const t = useT();
  const { pictures, isPending, isError, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useGallery(EVERYTHING);
  if (isPending) return <Coming />;
  if (isError) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const steps = stepsOf(pictures);
  if (steps.length === 0) return <p className="px-2 text-sm text-quiet">{t("studio.noSteps")}</p>;
  return (
    <ol>
      {steps.map((step) => (
        <li key={step.id}>
          <StepLine step={step} here={step.id === (open?.step ?? chosen)} />
        </li>
      ))}
      {hasNextPage && (
        <li>
          <Button look="quiet" className="w-full" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("chat.more")}
          </Button>
        </li>
      )}
    </ol>
  );
}

function StepLine({ step: { id, first, pictures }, here }: { step: Step; here: boolean }) {
  const t = useT();
  const href = first.parent || pictures.length === 1 ? `/images/${first.id}` : `/images?step=${id}`;
  return (
    <Link href={href} aria-current={here ? "page" : undefined} className={cx("flex items-center gap-2.5 rounded-sm p-2 hover:bg-hover", here && "bg-chosen")}>
      <Ground className="size-9 shrink-0 rounded-sm">
        <img src={addressOf(first, 96)} alt="" loading="lazy" className="size-full object-cover" />
      </Ground>
      <span className="min-w-0 grow">
        <span className="block truncate" dir="auto">
          {nameOf(first, t)}
        </span>
        <span className="block truncate text-xs text-quiet">
          {t(`studio.kind.${first.kind}`)} · {t.count("studio.pictures", pictures.length)}
        </span>
      </span>
    </Link>
  );
}

function Coming() {
  return useSlow() ? (
    <div className="flex flex-col gap-3 p-2">
      <Skeleton className="h-9" />
      <Skeleton className="h-9" />
      <Skeleton className="h-9" />
    </div>
  ) : null;
}

import { Heart, Images, Search } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { ErrorState } from "@/parts/ErrorState";
import { IconButton } from "@/ui/Button";
import { Skeleton, useSlow } from "@/ui/Skeleton";
import { type Shelf, useGallery } from "./gallery";
import { TileGrid } from "./TileGrid";

const PATIENCE_MS = 250; // after the last letter

/** All pictures that are kept, newest first; what is looked for stands in the address. */
export default function GalleryPage() {
  const t = useT();
  const [params, setParams] = useSearchParams();
  const shelf: Shelf = useMemo(() => ({ query: params.get("q") ?? "", favourite: params.has("favourite") }), [params]);
  const [typed, setTyped] = useState(shelf.query);
  const gallery = useGallery(shelf);
  const set = (name: string, value: string) =>
    setParams(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  useEffect(() => setTyped(shelf.query), [shelf.query]);
  useEffect(() => {
    if (typed === shelf.query) return;
    const timer = setTimeout(() => set("q", typed), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <div className="flex min-h-0 grow flex-col">
      <div className="flex shrink-0 items-center gap-2 px-4 pt-3 pb-2">
        <label className="flex h-9 min-w-0 grow items-center gap-2 rounded-sm border border-control px-2.5 focus-within:border-accent md:max-w-md coarse:h-11">
          <Search aria-hidden className="size-4 shrink-0 text-quiet" />
          <span className="sr-only">{t("studio.search")}</span>
          <input type="search" dir="auto" placeholder={t("studio.search")} value={typed} onChange={(event) => setTyped(event.target.value)} className="min-w-0 grow bg-transparent outline-none placeholder:text-quiet" />
        </label>
        <IconButton label={t("studio.favourites")} pressed={shelf.favourite} onClick={() => set("favourite", shelf.favourite ? "" : "true")}>
          <Heart aria-hidden className={shelf.favourite ? "fill-current text-bad" : ""} />
        </IconButton>
      </div>
      {gallery.isPending ? (
        <Coming />
      ) : gallery.isError && gallery.pictures.length === 0 ? (
        <ErrorState error={gallery.error} onRetry={() => void gallery.refetch()} />
      ) : gallery.pictures.length === 0 ? (
        <Nothing shelf={shelf} />
      ) : (
        <TileGrid key={`${shelf.query}${shelf.favourite}`} pictures={gallery.pictures} onEnd={() => gallery.hasNextPage && !gallery.isFetchingNextPage && void gallery.fetchNextPage()} />
      )}
    </div>
  );
}

function Nothing({ shelf }: { shelf: Shelf }) {
  const t = useT();
  const way = "font-medium text-accent underline underline-offset-2";
  if (shelf.query || shelf.favourite) {
    return (
      <EmptyState icon={<Search aria-hidden />} title={t("studio.nothingFound")} actions={<Link href="/images/gallery" className={way}>{t("studio.showAll")}</Link>}>
        {shelf.favourite && !shelf.query ? t("studio.noFavourites") : t("studio.nothingFoundWhy")}
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={<Images aria-hidden />} title={t("studio.emptyGallery")} actions={<Link href="/images" className={way}>{t("studio.new")}</Link>}>
      {t("studio.emptyGalleryWhy")}
    </EmptyState>
  );
}

function Coming() {
  return useSlow() ? (
    <div className="grid grid-cols-2 gap-3 px-4 md:grid-cols-5">
      {[1, 2, 3, 4, 5].map((one) => (
        <Skeleton key={one} className="aspect-square h-auto rounded-md" />
      ))}
    </div>
  ) : null;
}

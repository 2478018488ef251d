import { useQueryClient } from "@tanstack/react-query";
import { ImageOff } from "lucide-react";
import { lazy, Suspense } from "react";
import { Link, useLocation, useParams, useSearchParams } from "wouter";
import { ApiError } from "@/api/client";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { ErrorState } from "@/parts/ErrorState";
import { FileDrop } from "@/parts/FileDrop";
import { Space } from "@/shell/Space";
import { DeploymentMenu } from "./DeploymentMenu";
import { NewPage } from "./NewPage";
import { usePicture, usePictureChanges } from "./gallery";
import { nameOf } from "./naming";
import { PictureActions } from "./PictureActions";
import { StudioList } from "./StudioList";
import type { Picture } from "./types";
import { usePastedPicture } from "./usePastedPicture";

const GalleryPage = lazy(() => import("./GalleryPage"));
const PicturePage = lazy(() => import("./PicturePage"));
const Details = lazy(() => import("./Details"));

/** /images: make pictures; /images/gallery: all of them; /images/:place: one, to look at, change and enlarge. */
export default function StudioSpace() {
  const t = useT();
  const { place } = useParams<{ place?: string }>();
  const [params, setParams] = useSearchParams();
  const [, go] = useLocation();
  const memory = useQueryClient();
  const inGallery = place === "gallery";
  const found = usePicture(inGallery ? undefined : place);
  const picture = place && !inGallery ? found.data : undefined;
  const { upload } = usePictureChanges();
  const take = async (files: readonly File[]) => {
    const file = files.find((one) => one.type.startsWith("image/")) ?? files[0];
    const kept = file && (await upload(file));
    if (!kept) return;
    memory.setQueryData(["gallery", "picture", kept.id], kept);
    go(`/images/${kept.id}`);
  };
  usePastedPicture(take);

  const title = inGallery ? t("studio.gallery") : picture ? nameOf(picture, t) : t("space.images");
  const detailed = picture && params.has("details");
  const close = () =>
    setParams((before) => {
      before.delete("details");
      return before;
    });
  return (
    <Space
      title={title}
      bar={
        <>
          <h1 className="min-w-0 truncate font-semibold" dir="auto">
            {title}
          </h1>
          <div className="grow" />
          {!inGallery && <DeploymentMenu />}
        </>
      }
      actions={picture && <PictureActions picture={picture} />}
      list={<StudioList onUpload={take} open={picture} />}
      inspector={detailed ? { title: t("studio.details"), content: <Suspense fallback={null}><Details picture={picture} /></Suspense>, onClose: close } : null}
    >
      <FileDrop onFiles={(files) => void take(files)}>
        <Suspense fallback={null}>
          {inGallery ? <GalleryPage /> : place ? <OnePicture found={found} /> : <NewPage />}
        </Suspense>
      </FileDrop>
    </Space>
  );
}

function OnePicture({ found }: { found: { data?: Picture | undefined; error: unknown; refetch: () => unknown } }) {
  const t = useT();
  if (found.data) return <PicturePage key={found.data.id} picture={found.data} />;
  if (found.error instanceof ApiError && found.error.status === 404) {
    return (
      <EmptyState icon={<ImageOff aria-hidden />} title={t("studio.gone")} actions={<Link href="/images/gallery" className="font-medium text-accent underline underline-offset-2">{t("studio.gallery")}</Link>}>
        {t("studio.goneWhy")}
      </EmptyState>
    );
  }
  return found.error ? <ErrorState error={found.error} onRetry={() => void found.refetch()} /> : null;
}
